//! Reads the configuration again while the agent runs. What cannot run changes nothing; what needs a restart is named.

use super::*;

impl Watch {
    /// Reads what the file says now. That may take a while: users are asked for.
    pub(super) fn read_again(&mut self) {
        notify(State::Reloading);
        let source = self.source.clone();
        self.reading = Some(spawn_blocking(move || source.read()));
    }

    /// Goes by what the file says, as far as that can change while it runs.
    pub(super) fn is_read(
        &mut self,
        read: Result<Result<Config, ConfigError>, JoinError>,
    ) -> Result<(), Failure> {
        self.reading = None;
        let taken = match read {
            Ok(Ok(config)) => self.take(config)?,
            Ok(Err(error)) => Err(error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        if let Err(error) = taken {
            tracing::error!(error, "configuration not reloaded: what was there before goes on");
        }
        notify(State::Ready);
        Ok(())
    }

    /// `Err` within says why everything stays as it was.
    fn take(&mut self, config: Config) -> Result<Result<(), String>, Failure> {
        let (config, fixed) = config.after(&self.config);
        let is_other = (&config.act, &config.allow) != (&self.config.act, &self.config.allow);
        if is_other && let Err(why) = self.go_by(&config)? {
            return Ok(Err(why));
        }
        for key in fixed {
            tracing::warn!(key, "changed in the configuration, and changes with a restart only");
        }
        let (mode, rules) = (config.act.mode.name(), config.allow.len());
        tracing::info!(mode, rules, "configuration reloaded");
        self.config = config;
        if is_other {
            self.tell_of_idle();
            if self.acts != Mode::Observe {
                self.tell_of_acts();
            }
            // The ledger knows from when on.
            self.know_lacks();
            self.account("watching")?;
        }
        Ok(Ok(()))
    }

    /// Changes whom the kernel programs refuse, and who is allowed.
    fn go_by(&mut self, config: &Config) -> Result<Result<(), String>, Failure> {
        let Config { act, allow, spool, .. } = config;
        if act.mode == Mode::Deny
            && let Some(problem) = &self.cannot_refuse
        {
            return Ok(Err(format!("`act.mode`: {problem}")));
        }
        let pins = Pins::new(&act.pin_dir, &spool.dir);
        let next = match self.kernel.prepare(act, allow, &self.lookout.cgroup_mount, &pins) {
            Ok(next) => next,
            Err(unready) => return Ok(Err(unready.to_string())),
        };
        // Nobody is judged by addresses that are not known yet.
        let before = &self.config.act;
        let is_looked_for = before.mode != Mode::Observe && before.remote == act.remote;
        if act.mode != Mode::Observe && !is_looked_for {
            self.look_for_addresses(act.remote)?;
        }
        // What was told until now is judged by the rules of until now.
        self.drain_until_now()?;
        let now = Clock.now();
        self.this_host.allowances.change(allow.clone(), now);
        let exempt = self.exempt();
        self.kernel.go_by(next, &exempt, now, Clock.now_boot_ns()).map_err(unloaded)?;
        self.acts = act.mode;
        self.health.acts(act.mode, self.unix_problem());
        self.unguarded.clear();
        if act.mode == Mode::Observe {
            self.forget_addresses();
        }
        // What is not there yet, and was not there before, is nothing that somebody took away.
        self.guard()?;
        Ok(Ok(()))
    }
}

//! What the path of a cgroup says of who made it: systemd's unit, a container, a pod of Kubernetes. It is pure.
//!
//! The outermost of each kind counts, and nothing within a container: whoever was given a cgroup to divide may call what is
//! in it anything, but cannot name what it is in.

use uuid::Uuid;

/// Letters of a container's id, as Docker, containerd, CRI-O and Podman make them.
const CONTAINER_ID_LETTERS: usize = 64;
/// A monitor of a container that is in no container itself (`libpod-conmon-…`, `crio-conmon-…`).
const MONITOR: &str = "conmon";
/// Letters of a UUID, and of the hash that a static pod has in its place.
const POD_UID_LETTERS: [usize; 2] = [36, 32];

/// Empty where the path says nothing of it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    /// systemd's unit: a service, or a scope such as a session of a user.
    pub(super) unit: String,
    /// A container's id.
    pub(super) container: String,
    /// A pod's uid.
    pub(super) pod: String,
}

impl Place {
    pub(super) fn of(cgroup: &str) -> Self {
        // runc without systemd takes a path that is meant for systemd as it is: `SLICE:PREFIX:ID`.
        let mut place = Place::default();
        for part in cgroup.split(['/', ':']) {
            let is_unit = part.ends_with(".service") || part.ends_with(".scope");
            if is_unit && place.unit.is_empty() {
                part.clone_into(&mut place.unit);
            }
            if let Some(pod) = pod(part).filter(|_| place.pod.is_empty()) {
                place.pod = pod;
            }
            if let Some(container) = container(part) {
                container.clone_into(&mut place.container);
                break;
            }
        }
        place
    }
}

/// `ID`, `docker-ID.scope`, `cri-containerd-ID.scope`, `crio-ID`, `libpod-ID.scope` …
fn container(part: &str) -> Option<&str> {
    let name = part.strip_suffix(".scope").unwrap_or(part);
    let (runtime, id) = name.rsplit_once('-').unwrap_or(("", name));
    let is_id = id.len() == CONTAINER_ID_LETTERS && id.bytes().all(is_hexadecimal);
    (is_id && !runtime.ends_with(MONITOR)).then_some(id)
}

/// `podUID`, `kubepods-podUID.slice`, `kubepods-burstable-podUID.slice`, where systemd's driver writes `_` for each `-` of it.
fn pod(part: &str) -> Option<String> {
    let name = part.strip_suffix(".slice").unwrap_or(part);
    let uid = match name.strip_prefix("pod") {
        Some(uid) => uid,
        None => name.split_once("kubepods")?.1.rsplit_once("-pod")?.1,
    };
    let uid = uid.replace('_', "-");
    (POD_UID_LETTERS.contains(&uid.len()) && Uuid::try_parse(&uid).is_ok()).then_some(uid)
}

fn is_hexadecimal(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    const POD: &str = "3f1c8a5e-6d0b-4c7e-9a51-0b2f7c1d9e84";
    const STATIC: &str = "5e2f0c3b9d8a47f1a6c4e0b2d7f38195";

    /// Unit, container and pod; `ID`, `POD` and `P_D` stand for themselves and the pod with underscores.
    fn place(cgroup: &str) -> [String; 3] {
        let filled = cgroup.replace("ID", ID).replace("POD", POD).replace("P_D", &POD.replace('-', "_"));
        let Place { unit, container, pod } = Place::of(&filled.replace("STATIC", STATIC));
        [unit, container, pod].map(|it| it.replace(ID, "ID").replace(POD, "POD").replace(STATIC, "STATIC"))
    }

    #[test]
    fn units_containers_and_pods_are_known_by_their_forms() {
        let known = [
            ("/system.slice/postgresql@18-main.service", ["postgresql@18-main.service", "", ""]),
            ("/user.slice/user-1000.slice/session-7.scope", ["session-7.scope", "", ""]),
            (
                "/user.slice/user-1000.slice/user@1000.service/app.slice/a.scope",
                ["user@1000.service", "", ""],
            ),
            ("/system.slice/docker-ID.scope", ["docker-ID.scope", "ID", ""]),
            ("/docker/ID", ["", "ID", ""]),
            ("/ecs/a1b2/ID", ["", "ID", ""]),
            ("/machine.slice/libpod-ID.scope/container", ["libpod-ID.scope", "ID", ""]),
            ("/machine.slice/libpod-conmon-ID.scope", ["libpod-conmon-ID.scope", "", ""]),
            (
                "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-ID.scope/container",
                ["user@1000.service", "ID", ""],
            ),
            ("/system.slice/nerdctl-ID.scope", ["nerdctl-ID.scope", "ID", ""]),
            ("/default/ID", ["", "ID", ""]),
            ("/kubepods/burstable/podPOD/ID", ["", "ID", "POD"]),
            ("/kubepods/podPOD/ID", ["", "ID", "POD"]),
            (
                "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-podP_D.slice/cri-containerd-ID.scope",
                ["cri-containerd-ID.scope", "ID", "POD"],
            ),
            ("/kubepods.slice/kubepods-podP_D.slice/crio-ID.scope/container", ["crio-ID.scope", "ID", "POD"]),
            (
                "/kubepods.slice/kubepods-podP_D.slice/crio-conmon-ID.scope",
                ["crio-conmon-ID.scope", "", "POD"],
            ),
            (
                "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-podSTATIC.slice/cri-containerd-ID.scope",
                ["cri-containerd-ID.scope", "ID", "STATIC"],
            ),
            (
                "/system.slice/containerd.service/kubepods-besteffort-podP_D.slice:cri-containerd:ID",
                ["containerd.service", "ID", "POD"],
            ),
            (
                "/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-podP_D.slice/cri-containerd-ID.scope",
                ["cri-containerd-ID.scope", "ID", "POD"],
            ),
        ];
        for (cgroup, expected) in known {
            assert_eq!(place(cgroup), expected, "{cgroup}");
        }
    }

    #[test]
    fn what_has_another_form_is_nothing() {
        for cgroup in
            ["", "/", "/user.slice", "/podPO", "/kubepods/podx", "/ID0", "/docker-0123.scope0", "/a-IDx"]
        {
            assert_eq!(place(cgroup), ["", "", ""], "{cgroup}");
        }
        assert_eq!(place(&format!("/docker/{}", ID.to_uppercase())), ["", "", ""]);
        assert_eq!(place("/pod------------------------------------/a"), ["", "", ""]);
    }

    /// Whoever may make cgroups below one calls them as it likes.
    #[test]
    fn nobody_hides_behind_a_name_within() {
        let other = "f".repeat(64);
        let within = format!("docker-{other}.scope/kubepods/pod{STATIC}/x.service");
        assert_eq!(place(&format!("/docker/ID/{within}")), ["", "ID", ""]);
        assert_eq!(place(&format!("/kubepods/podPOD/ID/{within}")), ["", "ID", "POD"]);
        assert_eq!(place(&format!("/a.slice/a.service/kubepods/podSTATIC/{within}"))[0], "a.service");
    }
}

"""Settings of Django's own tests, and the runner that tells how each ended."""

import os
import unittest

from django.test.runner import DiscoverRunner

import outcomes


def database(name):
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": os.environ["PGUSER"],
        "PASSWORD": os.environ["PGPASSWORD"],
        "HOST": os.environ["PGHOST"],
        "PORT": os.environ["PGPORT"],
        "TEST": {"NAME": f"test_{name}"},
    }


DATABASES = {"default": database("django"), "other": database("django_other")}
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
SECRET_KEY = "of no secret"
USE_TZ = False
TEST_RUNNER = "django_outcomes.Runner"


class Result(unittest.TextTestResult):
    def add(self, test, outcome, err=None):
        outcomes.note(test.id(), outcome, self._exc_info_to_string(err, test) if err else "")
        # What happened outside a test, such as in `setUpClass`, has no end of its own.
        if not isinstance(test, unittest.TestCase):
            outcomes.end(test.id())

    def addSuccess(self, test):
        super().addSuccess(test)
        self.add(test, "passed")

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.add(test, "skipped")

    def addExpectedFailure(self, test, err):
        super().addExpectedFailure(test, err)
        self.add(test, "xfailed")

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self.add(test, "xpassed")

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.add(test, "failed", err)

    def addError(self, test, err):
        super().addError(test, err)
        self.add(test, "error", err)

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self.add(test, "failed", err)

    def stopTest(self, test):
        super().stopTest(test)
        outcomes.end(test.id())


class Runner(DiscoverRunner):
    def get_resultclass(self):
        return Result

    def run_suite(self, suite, **kwargs):
        outcomes.tell(total=suite.countTestCases())
        result = super().run_suite(suite, **kwargs)
        outcomes.tell(done=True)
        return result

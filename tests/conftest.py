"""Settings of the whole suite."""

from hypothesis import settings

# A test may not depend on how busy the machine is.
settings.register_profile("opsctl", deadline=None)
settings.load_profile("opsctl")

"""Settings for all tests: hypothesis measures no time, since other things run on the machine too."""

from hypothesis import settings

settings.register_profile("adc", deadline=None)
settings.load_profile("adc")

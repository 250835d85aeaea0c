#
# Component Makefile, for the SDK's GNU make build.
#
COMPONENT_SRCDIRS := src port/esp8266
COMPONENT_ADD_INCLUDEDIRS := include
COMPONENT_PRIV_INCLUDEDIRS := src port/esp8266

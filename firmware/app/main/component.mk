#
# Component Makefile, for the SDK's GNU make build: all .c files of this folder.
#

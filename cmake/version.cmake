# Reads the version from the public header, so that it is written in one place only.
file(STRINGS "${CMAKE_CURRENT_LIST_DIR}/../include/moldau/version.h" lines REGEX "#define MOLDAU_VERSION_(MAJOR|MINOR|PATCH) ")
list(TRANSFORM lines REPLACE "^.* ([0-9]+)$" "\\1")
list(JOIN lines "." MOLDAU_VERSION)

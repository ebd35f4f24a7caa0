# shellcheck shell=bash

# The release of Debian that has this major of Postgres, where that is newer than the one pgvigil is built on. All of an image comes
# from there then, but for the libraries that pgvigil was linked with and that are no more there: they run on a newer C library, too.
newer_release() { # <major>
  case $1 in
    17) echo trixie ;; # Debian 13
  esac
}

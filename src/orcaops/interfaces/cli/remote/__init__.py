"""The services of a server, under the same names as those of this process, one file each."""

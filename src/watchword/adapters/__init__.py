"""The world: everything that touches a socket, a file, a clock or a device."""

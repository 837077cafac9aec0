# The file on the device is stolen: the passphrase can be guessed off line against it (expected false). One that cannot be guessed keeps the seed.
s/(\* leak: at once \*)/out(net, kept);/

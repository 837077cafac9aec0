# The KDC has guessed the passphrase, but not been at the device: the seed stays secret.
/^weaksecret/d
s/(\* leak: at once \*)/out(net, (digest, pw));/

# The KDC uses the digest that it was given: that alone is enough to guess the passphrase off line (expected false). The seed stays secret.
s/(\* leak: at once \*)/out(net, digest);/

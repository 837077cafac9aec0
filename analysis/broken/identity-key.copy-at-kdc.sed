# The sealed file is kept at the KDC, which has guessed the passphrase.
/^weaksecret/d
s/(\* leak: at once \*)/out(net, (digest, pw, kept));/

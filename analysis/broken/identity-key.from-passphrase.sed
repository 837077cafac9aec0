# The seed of a key IS the second half of the Argon2id output: its public half lets every peer guess the passphrase.
s/^  out(net, vk(ik));/  out(net, (vk(ik), publicOf(deviceKey)));/

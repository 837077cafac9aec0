# The receiver's private login key leaks at once, but no session key: deposits are secret for so long, and their senders true.
s/(\* leak: receiver \*)/out(net, s);/
s/(\* leak: session keys \*) out(net, (ks, tn, ticket));//
s/^query attacker(file) phase 1\./query attacker(file) phase 0./

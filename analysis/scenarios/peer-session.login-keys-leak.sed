# Every private login key leaks at once, but no session key: the psk keeps everybody out. (In phase 1, as in the model, all leaks
# but the session keys: who has a login key, its session keys and a recording reads it, SECURITY.md.)
s/(\* leak: login \*)/out(net, s);/
s/(\* leak: session keys \*) out(net, (ks, tn, ticket));//

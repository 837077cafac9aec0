# The KDC is the attacker, and nobody has a pin: it reads and writes deposits (the known limit, SECURITY.md).
s/(\* leak: at once \*)/out(net, (tgtKey, identity));/
s/(\* leak: sender \*)/out(net, rk);/
s/(\* leak: receiver \*)/out(net, tk);/
/^  | (! Kdc)$/d

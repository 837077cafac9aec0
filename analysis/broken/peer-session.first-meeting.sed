# The KDC is the attacker, and nobody has a pin: it stands in the middle (the known limit, SECURITY.md).
s/(\* leak: at once \*)/out(net, (tgtKey, identity));/
s/(\* leak: login \*)/out(net, (rk, tk));/
/^  | (! Kdc)$/d

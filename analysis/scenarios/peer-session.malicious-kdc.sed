# The KDC is the attacker: it has the TGT key, its identity key, every request key and ticket key. Both sides have a pin (U2). All holds.
s/(\* leak: at once \*)/out(net, (tgtKey, identity));/
s/(\* leak: login \*)/out(net, (rk, tk));/
s/^  let (=lUser, =n, =IK) = checksign(cert, vk(identity)) in true else false/  if n = ini then IK = vk(ikI) else if n = rsp then IK = vk(ikR) else true/
/^  | (! Kdc)$/d

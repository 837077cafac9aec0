# The KDC is the attacker: it has the TGT key, its identity key, every request key and ticket key. Both sides have a pin (U2). All holds, but
# for half of query 4 (expected false): no signature says that a login takes deposits, so the sender may be told another login of the receiver's.
# Nobody opens such a deposit; for it the keys of all logins of the receiver have to be gone in phase 1, as they are here.
s/^  | (phase 1; out(net, (s, rk))) )\./  | (phase 1; if me = snd then out(net, (s, rk))) )./
s/(\* leak: at once \*)/out(net, (tgtKey, identity));/
s/(\* leak: sender \*)/out(net, rk);/
s/(\* leak: receiver \*)/out(net, tk);/
s/^  let (=lUser, =n, =IK) = checksign(cert, vk(identity)) in true else false/  if n = snd then IK = vk(ikS) else if n = rcv then IK = vk(ikR) else true/
/^  | (! Kdc)$/d

# The present epoch key leaks at once; the user was registered in an earlier epoch. The passphrase can be guessed (expected false); what a
# login hands out is secret all the same, and nobody poses as KDC or client: proof and reply key come from the shared key.
s/! Kdc(skE))  /out(net, skE); ! Kdc(skE))  /
/^  | (! Registration/d
s/^  let kdc = vk(identity) in/  insert users(ini, sharedKey(digest(pwIni, saltIni), ini, v0), vk(ikIni));\n&/
/^query K: bitstring; event(CRegisters/d

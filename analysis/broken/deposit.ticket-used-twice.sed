# 5.7: two letters under one E and one ticket have one key and nonce.
s/^  if me = snd && peer = rcv then/  out(net, seal(k, zero, zero));\n&/
/^query [^a]/d

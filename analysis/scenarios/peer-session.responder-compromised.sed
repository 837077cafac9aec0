# Everything of rsp's leaks at once. The thief poses as rsp (expected false), but as nobody to rsp.
s/(\* leak: at once \*)/out(net, ikR);/
s/^  | (phase 1; out(net, (s, rk, tk))) )/  | (if me = rsp then out(net, (s, rk, tk)))\n&/

# Everything of ini's leaks at once. The thief poses as ini (expected false), but as nobody to ini.
s/(\* leak: at once \*)/out(net, ikI);/
s/^  | (phase 1; out(net, (s, rk, tk))) )/  | (if me = ini then out(net, (s, rk, tk)))\n&/

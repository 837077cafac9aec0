# C1: the new digest is not inside the sealed request.
s/^  event CChanges(usr, K1);/  out(net, d);\n&/
/^query/d

# 3.9: the KDC keeps invitations as they are, and its files are read.
s/= hash((lInvitation, i))\./= i./

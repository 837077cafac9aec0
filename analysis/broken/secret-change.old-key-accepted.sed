# L2, C2: after the change the KDC still takes the secret of the old kvno.
/^weaksecret/d
/^let Kdc1/,/^let KdcKeys1/s/get account1(=usr/get account0(=usr/

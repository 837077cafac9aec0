# The ticket key comes from the receiver's passphrase: any user can guess it by a ticket (Kerberoasting).
s/( new tk: bitstring; new rk: bitstring; new tn: bitstring;/( let tk = kdf(K, lTgt) in new rk: bitstring; new tn: bitstring; out(net, (tn, seal(tk, tn, (lTgt, u))));/

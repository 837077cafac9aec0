# T4: the peer's login key travels beside the sealed answer.
s/in(net, (rn: bitstring, c: bitstring));/in(net, (rn: bitstring, c: bitstring, PR: point));/
s/IK: vkey, PR: point, sR/IK: vkey, sR/
s/(aTicket, v, ks, IKV, PR, sR,/(aTicket, v, ks, IKV, sR,/

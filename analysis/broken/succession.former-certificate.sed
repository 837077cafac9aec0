# U2: certificates under a former key are still good: who has found key 0 makes them for whom he likes.
s/^  in(net, cert: bitstring);/  in(net, (cert: bitstring, by: vkey)); if by = pinned || by = vk(id0) then/
s/checksign(cert, pinned) in/checksign(cert, by) in/

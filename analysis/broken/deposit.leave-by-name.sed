# V1: the mailbox takes the sender's name from the request, not from the service ticket.
s/event MStores(u, owner, left);/in(net, name: id); event MStores(name, owner, left);/

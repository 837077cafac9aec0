# V4: the mailbox takes the owner's name from the request, not from the service ticket.
/if owner = u then/d

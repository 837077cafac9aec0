# The invitation names nobody: it is for whoever has it, here ini, and all holds while it is secret.
s/insert invitations(kept(invitation), named(ini))/insert invitations(kept(invitation), anybody)/

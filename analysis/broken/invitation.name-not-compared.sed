# R3: an invitation is good for any name: who is invited under one takes another.
s/if whom = named(u) || whom = anybody then//

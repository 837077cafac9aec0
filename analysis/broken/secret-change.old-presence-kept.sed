# T4: presence of before the change stays in use: tickets are sealed under a ticket key that the thief was given.
/^weaksecret/d
s/if w <> usr || x = v1 then/if w = w then/

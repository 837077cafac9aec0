# T3: the TGT's kvno is not compared: a thief who logged in before the change stays in.
/^weaksecret/d
s/if u <> usr || v = v1 then/if u = u then/

# G3: the receiver does not remember E, or forgets it before it erases the keys: the mailbox delivers a deposit twice.
s/new run: bitstring; event RRemembers(E, run);//

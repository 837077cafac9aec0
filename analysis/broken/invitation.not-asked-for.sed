# R2: a KDC that is closed takes registrations without an invitation.
/get invitations(=kept(i), whom) in/d
/if whom = named(u)/d

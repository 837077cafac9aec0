"""Sections 4.4 and 4.5 against the real KDC: announcements, tickets, presence."""

import socket
from time import monotonic

from checks import Checks
from programs import Laboratory
from sealed_checks import flipped
from trent import granting
from trent.encoding import Address, u16
from trent.envelope import LARGEST_UDP
from trent.granting import GrantingExchange, Login, Ticket, Trust
from trent.keys import certificate_text
from trent.person import Person, machine_time
from trent.primitives import agreement_public, random, verifies

MINUTE = 60_000


class GrantingChecks:
    def __init__(self, checks: Checks, laboratory: Laboratory):
        self.checks, self.center = checks, laboratory.kdc
        self.asker = Person(self.center, "asker", b"a passphrase")
        self.asked = Person(self.center, "a" * 64, b"another passphrase")

    def run(self) -> None:
        group = self.checks.group
        group("A: presence", self.presence)
        group("T: tickets", self.tickets)
        group("D: reach", self.reach)
        group("B: deposits", self.deposits)
        group("M: services", self.services)
        group("T2: what is not answered", self.bent_requests)
        group("T2: time and replay", self.time_and_replay)

    def presence(self) -> None:
        check = self.checks
        self.asker.register()
        self.asked.register()
        self.login, early = self.asker.login(), self.asked.login()
        reply, _ = self.asker.ticket(self.login, self.asked.name)
        check.same("a login alone is no presence", reply.kind, granting.NOT_PRESENT)
        reply = self.asked.announce(early, 5001)
        check.same("A1: announced by TCP", reply.kind, granting.ANNOUNCED)
        check.same("the address observed is told", reply.observed.host, "127.0.0.1")
        late = self.asked.login()
        reply = self.asked.announce(late, 5002)
        check.same("A3: a later login announces", reply.kind, granting.ANNOUNCED)
        reply = self.asked.announce(early, 5001)
        check.same("A3: the earlier is told", reply.kind, granting.LATER_LOGIN)
        reply = self.asked.ask(late, granting.WITHDRAW)
        check.same("W1: withdrawn", reply.kind, granting.WITHDRAWN)
        reply, _ = self.asker.ticket(self.login, self.asked.name)
        check.same("W1: and not present any more", reply.kind, granting.NOT_PRESENT)
        self.peer = late

    def tickets(self) -> None:
        check, peer = self.checks, self.peer
        more = [Address("192.0.2.7", 60000), Address("2001:db8::7", 60001)]
        more += [Address(f"2001:db8::{number}", number) for number in (1, 2, 3)]
        fields = granting.announce_fields(peer, 5003, more)
        with self.center.datagrams() as datagrams:
            exchange = GrantingExchange(peer, granting.ANNOUNCE, fields)
            reply = exchange.open(datagrams.ask(exchange.request) or b"")
            expected = Address("127.0.0.1", datagrams.own_port())
        check.same("A1: announced by UDP", reply.kind, granting.ANNOUNCED)
        check.same("the address observed is the datagram's", reply.observed, expected)
        addresses = [Address("127.0.0.1", 5003), *more]
        for udp in (False, True):
            way = "UDP" if udp else "TCP"
            before = (self.login.request_key, self.login.tgt)
            grant, ephemeral = self.one_ticket(udp)
            check.that(
                f"{way}: request key and TGT are fresh",
                self.login.request_key != before[0] and self.login.tgt != before[1],
            )
            what = f"{way}: every address is told, the observed one first"
            check.same(what, grant.addresses, addresses)
            self.grant_fields(way, grant, ephemeral)
        for what, name in (("an unknown name", "nobody"), ("one's own name", self.asker.name)):
            reply, _ = self.asker.ticket(self.login, name)
            check.same(f"T4: {what} is not present", reply.kind, granting.NOT_PRESENT)

    def one_ticket(self, udp: bool) -> tuple[granting.TicketGrant, bytes]:
        ephemeral = random(32)
        public = agreement_public(ephemeral)
        fields = granting.ticket_fields(self.login, self.asked.name, public)
        exchange = GrantingExchange(self.login, granting.TICKET_REQUEST, fields)
        opened = self.center.datagrams() if udp else self.center.connect()
        with opened as way:
            reply = way.ask(exchange.request) or b""
        self.checks.same("the largest reply has 1171 bytes", len(reply), 1171)
        self.checks.that("the request fits into a datagram", len(exchange.request) <= LARGEST_UDP)
        grant = exchange.open(reply).grant
        return grant, public

    def grant_fields(self, way: str, grant: granting.TicketGrant, ephemeral: bytes) -> None:
        check, peer = self.checks, self.peer
        check.same(f"{way}: the peer's credentials are those of its login", grant.peer, peer.own())
        text = certificate_text(peer.realm, grant.peer.name, grant.peer.identity_key)
        certified = verifies(peer.kdc_identity, grant.peer.certificate, text)
        check.that(f"{way}: 3.4: its certificate verifies", certified)
        trusted = Trust().accepts(self.login, grant.peer, self.login.time, machine_time())
        check.that(f"{way}: 5.2: it is trusted", trusted)
        ticket = Ticket.open(grant.ticket, peer)
        check.same(f"{way}: 4.5: the ticket is the initiator's", ticket.initiator, self.login.own())
        found = (ticket.purpose, ticket.responder, ticket.session_key, ticket.ephemeral)
        expected = (granting.SESSION, peer.name, grant.session_key, ephemeral)
        check.same(f"{way}: 4.5: purpose, responder, session key, E", found, expected)
        life = ticket.expires - ticket.issued
        check.same(f"{way}: 4.5: it lives for five minutes", life, 5 * MINUTE)

    def exchange(self, login: Login, time: int | None = None) -> GrantingExchange:
        fields = granting.ticket_fields(login, self.asked.name, agreement_public(random(32)))
        return GrantingExchange(login, granting.TICKET_REQUEST, fields, time)

    def reach(self) -> None:
        check, login = self.checks, self.asker.login()
        with socket.create_server(("127.0.0.1", 0)) as listener:
            listener.settimeout(10)
            port = listener.getsockname()[1]
            exchange = GrantingExchange(login, granting.REACH, u16(port))
            with self.center.datagrams() as datagrams:
                reply = datagrams.ask(exchange.request, patience=0.3)
            check.same("D: by UDP: silence", reply, None)
            reply = self.asker.ask(login, granting.REACH, u16(port))
            caller, address = listener.accept()
            with caller:
                caller.settimeout(10)
                check.same("D2: nothing is sent, and the end comes", caller.recv(1), b"")
        check.same("D3: reached", (reply.kind, reply.reached), (granting.REACHED, 1))
        check.same("D2: from the KDC's address", address[0], "127.0.0.1")
        check.same("D3: the address observed", reply.observed.host, "127.0.0.1")
        reply = self.asker.ask(login, granting.REACH, u16(port))
        check.same("D2: the next one at once: not now", reply.kind, granting.NOT_NOW)
        reply = self.reach_when_it_may_be(login, port)
        check.same("D3: nobody listens: not reached", (reply.kind, reply.reached), (9, 0))

    def reach_when_it_may_be(self, login: Login, port: int) -> granting.GrantingReply:
        deadline = monotonic() + 20
        while True:
            reply = self.asker.ask(login, granting.REACH, u16(port))
            if reply.kind != granting.NOT_NOW or monotonic() > deadline:
                return reply

    def deposits(self) -> None:
        check, login = self.checks, self.asker.login()
        receiver = Person(self.center, "away", b"a passphrase of somebody who is away")
        receiver.register()
        month = 30 * 24 * 60 * MINUTE
        early, late = receiver.login(key_life=month), receiver.login(key_life=month)
        fields = granting.deposits_fields(early)
        reply = receiver.ask(early, granting.TAKE_DEPOSITS, fields)
        check.same("B3: taken", reply.kind, granting.DEPOSITS_TAKEN)
        check.same("B2: until the key expires", reply.until, early.login_key.signed.expires)
        reply = receiver.ask(
            late, granting.TAKE_DEPOSITS, granting.deposits_fields(late, "post")
        )
        check.same("B3: a later login takes them", reply.kind, granting.DEPOSITS_TAKEN)
        reply = receiver.ask(early, granting.TAKE_DEPOSITS, granting.deposits_fields(early))
        check.same("B3: the earlier is told", reply.kind, granting.LATER_LOGIN)
        ephemeral = agreement_public(random(32))
        fields = granting.ticket_fields(login, receiver.name, ephemeral, granting.DEPOSIT)
        reply = self.asker.ask(login, granting.TICKET_REQUEST, fields)
        check.same("T4: a ticket for a deposit", reply.kind, granting.DEPOSIT_TICKET)
        check.same("T4: with the keys of the later login", reply.grant.peer, late.own())
        check.same("T4: and the mailbox", reply.grant.mailbox, "post")
        ticket = Ticket.open(reply.grant.ticket, late)
        found = (ticket.purpose, ticket.initiator, ticket.responder, ticket.ephemeral)
        expected = (granting.DEPOSIT, login.own(), receiver.name, ephemeral)
        check.same("4.5: purpose, initiator, responder, E", found, expected)
        until = late.login_key.signed.expires
        check.same("4.5: it may be opened as long as the key", ticket.expires, until)
        reply, _ = self.asker.ticket(login, receiver.name)
        check.same("T4: who takes deposits is not present", reply.kind, granting.NOT_PRESENT)
        fields = granting.ticket_fields(login, self.asked.name, ephemeral, granting.DEPOSIT)
        reply = self.asker.ask(login, granting.TICKET_REQUEST, fields)
        what = "T4: who is present takes no deposits by that"
        check.same(what, reply.kind, granting.NOT_PRESENT)

    def services(self) -> None:
        check, login = self.checks, self.asker.login()
        post = Person(self.center, "post", b"a passphrase of a mailbox")
        post.register()
        served = post.login()
        fields = granting.service_fields(served, granting.MAILBOX, 5004)
        reply = post.ask(served, granting.ANNOUNCE_SERVICE, fields)
        check.same("M1: a mailbox announces itself", reply.kind, granting.ANNOUNCED)
        for after, expected in ((None, ["post"]), ("posh", ["post"]), ("post", [])):
            fields = granting.list_fields(granting.MAILBOX, after)
            reply = self.asker.ask(login, granting.LIST, fields)
            found = (reply.kind, reply.services)
            check.same(f"M2: those after {after}", found, (granting.SERVICES, expected))
        fields = granting.ticket_fields(
            login, "post", agreement_public(random(32)), granting.SERVICE
        )
        reply = self.asker.ask(login, granting.TICKET_REQUEST, fields)
        check.same("M1: it is reached with a service ticket", reply.kind, granting.TICKET)
        ticket = Ticket.open(reply.grant.ticket, served)
        check.same("4.5: which says so", ticket.purpose, granting.SERVICE)

    def bent_requests(self) -> None:
        check = self.checks
        request = self.exchange(self.login).request
        places = (("TGT", 60, 3), ("request nonce", 220, 1), ("ciphertext", len(request) - 1, 1))
        for what, position, code in places:
            bent = flipped(request, position)
            with self.center.datagrams() as datagrams:
                reply = datagrams.ask(bent, patience=0.3)
                check.same(f"UDP: a bent {what} is met with silence", reply, None)
            with self.center.connect() as connection:
                reply = connection.ask(bent)
                failure = bytes([1, 8, code])
                check.same(f"TCP: a bent {what} is answered with Failure {code}", reply, failure)
        asked, ephemeral = self.asked.name, random(32)
        for what, kind, fields in (
            ("an unknown kind", 9, b""),
            ("reach at port 0", granting.REACH, u16(0)),
            ("service 2", granting.LIST, granting.list_fields(2)),
            ("a name of no length that is not zeros", granting.LIST, bytes([1, 0]) + b"a" * 64),
            ("port 0", granting.ANNOUNCE, granting.announce_fields(self.login, 0, [])),
            ("a byte left over", granting.WITHDRAW, b"\0"),
            (
                "purpose 9",
                granting.TICKET_REQUEST,
                granting.ticket_fields(self.login, asked, ephemeral, 9),
            ),
            (
                "an IPv4 address mapped into IPv6",
                granting.ANNOUNCE,
                granting.announce_fields(self.login, 1, [Address("::ffff:192.0.2.1", 1)]),
            ),
        ):
            exchange = GrantingExchange(self.login, kind, fields)
            with self.center.connect() as connection:
                reply = connection.ask(exchange.request)
                check.same(f"TCP: {what} is answered with Failure 1", reply, bytes([1, 8, 1]))
            with self.center.datagrams() as datagrams:
                reply = datagrams.ask(exchange.request, patience=0.3)
                check.same(f"UDP: {what} is met with silence", reply, None)
        reply, _ = self.asker.ticket(self.login, self.asked.name)
        check.same("and an honest request is still served", reply.kind, granting.TICKET)

    def time_and_replay(self) -> None:
        check, login = self.checks, self.asker.login()
        # Not -50 s: the KDC may have begun after that, and then refuses it as well.
        for off, kind in ((-70, 7), (70, 7), (-1, granting.TICKET), (50, granting.TICKET)):
            exchange = self.exchange(login, login.time + off * 1000)
            with self.center.datagrams() as datagrams:
                reply = exchange.open(datagrams.ask(exchange.request) or b"")
            check.same(f"T2: a clock that is {off} s off", reply.kind, kind)
        exchange = self.exchange(login)
        with self.center.datagrams() as datagrams:
            exchange.open(datagrams.ask(exchange.request) or b"")
            reply = datagrams.ask(exchange.request, patience=0.5)
            check.same("T2: UDP: the same request again is met with silence", reply, None)
        with self.center.connect() as connection:
            reply = connection.ask(exchange.request)
            check.same("T2: TCP: the same request again closes the connection", reply, None)
        reply = self.asker.ask(login, granting.WITHDRAW)
        check.same("the login goes on", reply.kind, granting.WITHDRAWN)

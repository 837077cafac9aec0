import Cryptography
import Glibc
import KeyDistribution
import SecretMemory
import Wire

extension Judge {
  /// A session as its sender knows it.
  struct KnownSession {
    let sender: Person
    let receiver: PrincipalName
    let file: [UInt8]
    var isAccepted = false
    var isReceived = false
  }

  /// A sender believes what the KDC says of a peer (U1 to U4).
  func believes(_ sender: Person, _ peer: TrustedPeer) {
    guard let pin = sender.pins[peer.name], pin != peer.identity else { return }
    report(.pinIgnored, "\(sender.name) of \(peer.name)")
  }

  /// An honest sender begins a session.
  func initiates(_ ephemeral: AgreementPublicKey) {
    if !usedEphemerals.insert(ephemeral.bytes).inserted { report(.ephemeralReused, "") }
  }

  /// When a ticket was issued for the ephemeral key that a first handshake message begins with.
  func issueTime(ofInitiation message: [UInt8]) -> Timestamp? {
    issueTimes[[UInt8](message.prefix(32))]
  }

  /// A receiver answers a first handshake message.
  func answeredInitiation(_ message: [UInt8], at receiver: Person, ticketID: [UInt8]) {
    let ephemeral = [UInt8](message.prefix(32))
    guard let ticket = tickets[ticketID], ticket.responder == receiver.name,
      ticket.ephemeral == ephemeral
    else { return report(.initiationForged, "at \(receiver.name)") }
    if !answeredInitiations.insert(receiver.name.bytes + ephemeral).inserted {
      report(.initiationAcceptedTwice, "\(ticket.initiator)'s at \(receiver.name)")
    }
    // Five minutes of life and five of tolerance, by KDC time as the receiver knows it.
    if receiver.clock.since(ticket.issued) > .minutes(10) {
      report(.ticketAcceptedLate, "\(ticket.initiator)'s at \(receiver.name)")
    }
  }

  /// A sender has verified the second handshake message (P3).
  func established(
    _ hash: [UInt8], from sender: Person, to peer: TrustedPeer, sending file: [UInt8]
  ) {
    if sessions[hash] != nil { report(.endsDisagree, "two sessions have one hash") }
    let owner =
      acknowledged.first { $0.person.name == peer.name }?.person
      ?? unseen.first { $0.name == peer.name }
    guard owner?.identity.publicKey == peer.identity else {
      return report(.endsDisagree, "\(sender.name) takes somebody else for \(peer.name)")
    }
    sessions[hash] = KnownSession(sender: sender, receiver: peer.name, file: file)
  }

  /// A receiver has opened the first record.
  func accepted(_ hash: [UInt8], at receiver: Person, from peer: TrustedPeer) {
    guard let session = sessions[hash], session.receiver == receiver.name,
      session.sender.name == peer.name, session.sender.identity.publicKey == peer.identity
    else { return report(.endsDisagree, "\(receiver.name) accepts \(peer.name)") }
    if session.isAccepted {
      report(.initiationAcceptedTwice, "\(peer.name)'s session at \(receiver.name)")
    }
    sessions[hash]?.isAccepted = true
  }

  /// A receiver takes a file for whole.
  func received(_ hash: [UInt8], at receiver: Person, _ file: [UInt8]) {
    guard let session = sessions[hash], session.receiver == receiver.name, session.file == file
    else { return report(.fileDiffers, "\(file.count) bytes at \(receiver.name)") }
    sessions[hash]?.isReceived = true
  }

  /// A sender holds a receipt for its file.
  func confirmed(_ hash: [UInt8]) {
    if sessions[hash]?.isReceived != true { report(.falseReceipt, "") }
  }

  /// Somebody on the way looks at a packet.
  func seen(_ packet: Packet) {
    let isFound = Self.hasMarker(packet.bytes)
    if isFound { report(.plaintextOnTheWire, "from \(packet.from) to \(packet.to)") }
  }

  /// Whether plaintext of a file is in there. Every packet is looked at, so libc helps.
  private static func hasMarker(_ bytes: [UInt8]) -> Bool {
    let marker = SimulatedFile.marker
    return unsafe bytes.withUnsafeBytes { bytes in
      guard let base = bytes.baseAddress else { return false }
      var start = 0
      while start + marker.count <= bytes.count {
        let found = unsafe memchr(base + start, CInt(marker[0]), bytes.count - start)
        guard let found = unsafe found else { return false }
        start = unsafe UnsafeRawPointer(found) - base
        let isWhole = start + marker.count <= bytes.count
        if unsafe isWhole && memcmp(base + start, marker, marker.count) == 0 { return true }
        start += 1
      }
      return false
    }
  }
}

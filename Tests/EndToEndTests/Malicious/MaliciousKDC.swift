import Cryptography
import Foundation
import SecretMemory
import Synchronization
import SystemClock
import Transport
import Wire

@testable import KeyDistribution
@testable import TrentClient

/// A KDC that turns on its users: a man in the middle with everything that an honest KDC has.
///
/// Clients reach it at `port`. It passes on what they say, until `turn(to:)` lets it lie: then who
/// asks for a ticket is told keys and address of an impostor, in the form and under the seals of
/// the honest machine, and the impostor calls the receiver in the sender's name.
final class MaliciousKDC: Sendable {
  enum Conduct { case honest, lying }

  let port: UInt16
  private let honestPort: UInt16
  private let state: StolenState
  private let streams: ServerSocket
  private let datagrams: ServerSocket
  private let conduct = Mutex(Conduct.honest)
  private let impostors = Mutex<[PrincipalName: Impostor]>([:])
  private let traps = Mutex<[PrincipalName: Trap]>([:])
  private let lies = Mutex(0)
  /// How many requests for tickets were answered with a lie.
  var lieCount: Int { lies.withLock { $0 } }

  init(_ kdc: RunningKDC) throws {
    state = try StolenState(of: kdc)
    honestPort = kdc.port
    streams = try ServerSocket()
    port = streams.port
    datagrams = try ServerSocket(port, isDatagram: true)
    acceptStreams()
    takeDatagrams()
  }

  /// Ends the threads.
  deinit {
    for socket in [streams, datagrams] { shutdown(socket.descriptor, Int32(SHUT_RDWR)) }
  }

  func turn(to conduct: Conduct) { self.conduct.withLock { $0 = conduct } }

  // MARK: Lies

  /// The one that stands for a name, always the same: it could not deceive anybody twice otherwise.
  private func impostor(of name: PrincipalName) throws -> Impostor {
    let made = try Impostor(inThePlaceOf: state.user(name), by: state.keys)
    return impostors.withLock { impostors in
      let impostor = impostors[name] ?? made
      impostors[name] = impostor
      return impostor
    }
  }

  /// Where the calls of a receiver come in.
  private func trap(for receiver: PrincipalName) throws -> Trap {
    let impostor = try impostor(of: receiver)
    let made = try Trap(impostor) { [weak self] sender in
      guard let self else { throw TestProblem("the test is over") }
      return try call(receiver, as: sender)
    }
    return traps.withLock { traps in
      let trap = traps[receiver] ?? made
      traps[receiver] = trap
      return trap
    }
  }

  func trap(for receiver: String) throws -> Trap { try trap(for: principal(receiver)) }

  /// The fingerprint of the one who stands for a name.
  func fingerprint(ofImpostorOf name: String) throws -> String {
    let impostor = try impostor(of: principal(name))
    return Fingerprint(
      of: impostor.credential.identity, name: impostor.name, realmID: state.keys.realm.id
    ).description
  }

  /// Calls a receiver in somebody's name.
  func call(_ receiver: String, as sender: String) throws -> PeerConnection {
    try call(principal(receiver), as: principal(sender))
  }

  private func call(
    _ receiver: PrincipalName, as sender: PrincipalName
  ) throws -> PeerConnection {
    try MiddleSession.call(receiver, as: impostor(of: sender), with: state)
  }

  /// The same without a sender who has asked for anything. Throws what the handshake fails with.
  func pose(as sender: String, to receiver: String) throws {
    _ = try call(receiver, as: sender)
  }

  /// The honest machine's answer about a peer who is an impostor; nil if nobody asks for a ticket.
  private func lie(in answerTo: [UInt8], isDatagram: Bool) throws -> [UInt8]? {
    guard conduct.withLock({ $0 }) == .lying else { return nil }
    var random = SystemRandom()
    let step = state.machine.receive(
      answerTo.bytes, from: try loopback(1), isDatagram: isDatagram, at: SystemClock.now,
      random: &random)
    guard case .lookUp(let query, let pending) = step, let peer = query.presences.first,
      let requester = query.users.first, requester != peer, (try? state.presence(peer)) != nil
    else { return nil }
    let impostor = try impostor(of: peer)
    let presence = try impostor.presence(at: trap(for: peer).port, sealedBy: state.keys)
    let records = Records(
      users: [requester: try state.user(requester), peer: impostor.record],
      presences: [peer: presence])
    let decision = state.machine.resume(
      pending, with: records, at: SystemClock.now, random: &random)
    guard case .answer(let answer) = decision else { return nil }
    lies.withLock { $0 += 1 }
    return answer.message
  }

  private func answer(to message: [UInt8], isDatagram: Bool) throws -> [UInt8] {
    if let lie = try lie(in: message, isDatagram: isDatagram) { return lie }
    let deadline = Deadline.after(.seconds(20))
    let honest = try StreamConnection.connect(toAny: [loopback(honestPort)], deadline: deadline)
    try honest.sendKDCMessage(message.bytes, deadline: deadline)
    return try honest.receiveKDCMessage(deadline: deadline)
  }

  // MARK: Sockets

  private func acceptStreams() {
    Thread.detachNewThread { [streams, weak self] in
      while true {
        let accepted = accept(streams.descriptor, nil, nil)
        guard accepted >= 0, let self else { return }
        Thread.detachNewThread { try? self.serve(accepted) }
      }
    }
  }

  /// One client, until it has nothing more to say.
  private func serve(_ descriptor: Int32) throws {
    let client = try StreamConnection(adopting: descriptor)
    while true {
      let message = try client.receiveKDCMessage(deadline: .after(.seconds(60)))
      let answer = try answer(to: message, isDatagram: false)
      try client.sendKDCMessage(answer.bytes, deadline: .after(.seconds(20)))
    }
  }

  private func takeDatagrams() {
    Thread.detachNewThread { [datagrams, weak self] in
      while let (message, source) = datagrams.receiveDatagram() {
        guard let self else { return }
        guard let answer = try? answer(to: message, isDatagram: true) else { continue }
        datagrams.send(answer, to: source)
      }
    }
  }
}

func principal(_ name: String) throws -> PrincipalName {
  guard let name = PrincipalName(name) else { throw TestProblem("no name: \(name)") }
  return name
}

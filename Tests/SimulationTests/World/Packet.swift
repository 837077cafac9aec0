import Wire

/// Somebody who can be sent to.
enum Endpoint: Hashable, CustomStringConvertible {
  case center(Int)
  case person(Int)
  /// Whoever is on the way.
  case attacker

  /// As the KDC observes it.
  var address: NetworkAddress {
    guard let address = NetworkAddress(ip: [10, 0, 0, lastByte], port: 40_000) else {
      preconditionFailure("four bytes are an address")
    }
    return address
  }

  /// Who listens at an address; the attacker at all that nobody has.
  init(_ address: NetworkAddress?) {
    let last = Int(address?.ip.last ?? 0)
    self = last >= 1 && last < 200 ? .person(last - 1) : .attacker
  }

  private var lastByte: UInt8 {
    switch self {
    case .center(let index): UInt8(200 + index)
    case .person(let index): UInt8(index + 1)
    case .attacker: 250
    }
  }

  var isCenter: Bool {
    if case .center = self { true } else { false }
  }

  var description: String {
    switch self {
    case .center(let index): "kdc\(index)"
    case .person(let index): "#\(index)"
    case .attacker: "attacker"
    }
  }
}

/// A message on its way: a datagram, or one frame of a connection.
struct Packet {
  var from: Endpoint
  var to: Endpoint
  /// Which connection, or which socket of a client.
  var channel: Int
  var isDatagram = false
  /// Between peers the first byte is the frame's type.
  var bytes: [UInt8]
}

/// The types of frames between peers (PROTOCOL.md, 5.1).
enum Frame: UInt8 {
  case firstHandshake = 1
  case secondHandshake = 2
  case record = 3
  case chunk = 4
  case lastChunk = 5
}

extension Packet {
  var frame: Frame? { bytes.first.flatMap(Frame.init(rawValue:)) }
  /// Whether it is between peers and the first one of a connection.
  var isInitiation: Bool {
    !to.isCenter && !from.isCenter && frame == .firstHandshake
  }
  var payload: [UInt8] { [UInt8](bytes.dropFirst()) }
}

/// Who waits for the packets of a channel.
protocol PacketHandler: AnyObject {
  func receive(_ packet: Packet)
}

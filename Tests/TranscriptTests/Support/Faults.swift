import Cryptography
import SecretMemory
import Wire

@testable import KeyDistribution

extension [UInt8] {
  /// With one bit flipped; an index below zero counts from the end.
  func flipped(_ index: Int) -> [UInt8] {
    var bytes = self
    bytes[index < 0 ? bytes.count + index : index] ^= 1
    return bytes
  }

  /// With one byte in the place of another.
  func with(_ byte: UInt8, at index: Int) -> [UInt8] {
    var bytes = self
    bytes[index < 0 ? bytes.count + index : index] = byte
    return bytes
  }
}

/// The step at which a peer was refused.
func refusedStep(of body: () throws -> Void) throws -> String? {
  do {
    try body()
    return nil
  } catch let failure as PeerFailure {
    guard case .distrusted(let distrust) = failure else { return "P2" }
    return step(distrust)
  } catch let distrust as PeerDistrust {
    return step(distrust)
  }
}

private func step(_ distrust: PeerDistrust) -> String {
  switch distrust {
  case .ownName: "U1"
  case .identityChanged, .notCertified: "U2"
  case .notSigned: "U3"
  case .notCurrent: "U4"
  }
}

/// The label of the step whose code has thrown `error`, if it has.
func refused<Failure: Error>(
  at step: String, as _: Failure.Type, _ body: () throws -> Void
) throws -> String? {
  do {
    try body()
    return nil
  } catch is Failure {
    return step
  }
}

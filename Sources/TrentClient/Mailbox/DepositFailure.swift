internal import FileTransfer
internal import KeyDistribution

/// Why a deposit is not taken, in words that follow what and whose it is. It stays where it is.
enum DepositFailure: Error {
  /// The mailbox, or whoever has left it, is at fault.
  case damaged(String)
  /// This device does not have the file with the keys that open it.
  case noKeys(file: String)
  /// The time within which it could be opened is over.
  case expired
  /// The identity of who has left it is not the one that is pinned.
  case identityChanged(ClientFailure)
  /// Its list is nothing that any receiver takes.
  case unacceptable(ManifestFault)

  var word: String {
    switch self {
    case .damaged(let what): "damaged: \(what)"
    case .noKeys(let file):
      "it is sealed for a login whose keys are not on this device (\(Finding.shown(file))), or not "
        + "any more; fetch it with the device that took deposits when it was left"
    case .expired: "the time within which it could be opened is over"
    case .identityChanged(let failure): failure.description
    case .unacceptable(let fault): "\(fault)"
    }
  }

  /// What a program ends with.
  var status: ExitStatus {
    switch self {
    case .damaged, .expired, .unacceptable: .transferBroken
    case .noKeys: .fileFailure
    case .identityChanged: .peerIdentityChanged
    }
  }
}

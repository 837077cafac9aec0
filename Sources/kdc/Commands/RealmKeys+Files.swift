import Cryptography
import Directory
import KeyDistribution
import Operation

extension RealmKeys {
  /// The keys of the KDC whose user file this is; nil when there is no `kdc.key`.
  static func beside(_ userFile: String) throws(OperatorFailure) -> RealmKeys? {
    do throws(KeyFileFailure) {
      switch try KeyFile.load(KeyStore.path(besideUserFile: userFile)) {
      case .some(let material): return RealmKeys(material)
      case .none: return nil
      }
    } catch {
      throw OperatorFailure("\(error)")
    }
  }

  static func needed(beside userFile: String) throws(OperatorFailure) -> RealmKeys {
    guard let keys = try beside(userFile) else {
      throw OperatorFailure("there is no \(KeyStore.path(besideUserFile: userFile))")
    }
    return keys
  }
}

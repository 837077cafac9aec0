import Cryptography
import Directory
import KeyDistribution
import Operation

extension RealmKeys {
  /// The keys of the KDC whose user file this is; nil when there is no `kdc.key`.
  static func beside(_ userFile: String) throws(OperatorFailure) -> RealmKeys? {
    try of(.files(userFile: userFile))
  }

  private static func of(_ place: RealmPlace) throws(OperatorFailure) -> RealmKeys? {
    do throws(KeyFileFailure) {
      switch try KeyFile.load(place.keyFile) {
      case .some(let material): return RealmKeys(material)
      case .none: return nil
      }
    } catch {
      throw OperatorFailure("\(error)")
    }
  }

  static func needed(at place: RealmPlace) throws(OperatorFailure) -> RealmKeys {
    guard let keys = try of(place) else {
      throw OperatorFailure("there is no \(place.keyFile)")
    }
    return keys
  }
}

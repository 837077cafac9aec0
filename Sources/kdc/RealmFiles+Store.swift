import Cryptography
import Directory
import KeyDistribution
import Logging
import Operation
import PostgreSQLStore
import Wire

extension RealmFiles {
  #if PostgreSQL
  /// Connects to a store that KDCs share.
  static func store(
    _ url: String, of center: KeyDistributionCenter, isAlone: Bool, at now: Timestamp,
    logger: Logger
  ) throws -> any RealmStore {
    try PostgreSQLDirectory(
      StoreAddress(url), of: RealmClaim(center.keys), at: now, isAlone: isAlone,
      take: { proof in
        center.brakes.countWrongProof(of: proof.name, from: proof.source, at: proof.time)
      },
      report: { logger.warning("\($0)") })
  }

  /// Why this can be no store; nil: it can.
  static func fault(ofStore url: String) -> String? {
    do throws(DirectoryUnavailable) {
      _ = try StoreAddress(url)
      return nil
    } catch {
      return "\(error)"
    }
  }
  #else
  static func store(
    _ url: String, of center: KeyDistributionCenter, isAlone: Bool, at now: Timestamp,
    logger: Logger
  ) throws -> any RealmStore {
    throw OperatorFailure(withoutStores)
  }

  static func fault(ofStore url: String) -> String? { withoutStores }

  private static let withoutStores =
    "this kdc knows no stores: it was built without PostgreSQL (swift build --traits PostgreSQL)"
  #endif
}

#if PostgreSQL
extension RealmClaim {
  init(_ keys: RealmKeys) {
    self.init(
      realm: keys.realm.id,
      witness: {
        var random = SystemRandom()
        return keys.witness(random: &random)
      }, judge: { keys.judge($0) })
  }
}
#endif

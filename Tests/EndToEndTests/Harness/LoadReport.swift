import Foundation
import Testing

/// What `kdc-load --json` writes.
struct LoadReport: Decodable {
  let completed: Int
  let failed: Int
  let lost: Int
  let requestsPerSecond: Double
  let replyBytes: Int
  let latencyUs: [String: Double]
  let serverCpuUs: Double?

  init(of bytes: [UInt8]?) throws {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    self = try decoder.decode(LoadReport.self, from: Data(try #require(bytes)))
  }

  /// The share of requests that were answered, for a line of figures.
  var success: String { "\(completed) of \(completed + failed) requests, \(lost) datagrams lost" }
}

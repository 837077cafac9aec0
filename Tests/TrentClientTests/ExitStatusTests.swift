import Testing
import TrentClient

/// Issue: one exit code per class of failure, listed in `--help` from the table that decides.
@Suite struct ExitStatusTests {
  @Test func everyStatusIsInTheTableOnce() {
    let lines = ExitStatus.table.split(separator: "\n")
    #expect(lines.count == ExitStatus.allCases.count)
    for status in ExitStatus.allCases {
      let matching = lines.filter { line in
        let words = line.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: true)
        return words.first == "\(status.rawValue)" && line.hasSuffix("  " + status.meaning)
      }
      #expect(matching.count == 1, "\(status)")
    }
  }

  @Test func theNumbersAreThePromisedOnes() {
    #expect(ExitStatus.allCases.map(\.rawValue) == [0, 1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 64])
  }

  @Test func aFailureExitsWithItsStatus() {
    for status in ExitStatus.allCases {
      #expect(ClientFailure(status, "reason").exitCode == status.rawValue)
    }
    #expect(ClientFailure.interrupted(by: 2).exitCode == 130)
    #expect(ClientFailure.interrupted(by: 15).exitCode == 143)
  }
}

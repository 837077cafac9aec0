/// A bug that a test plants, to see that the simulation finds it. Each one bypasses a defence from
/// outside; the product is what it is.
enum Plant: CaseIterable {
  /// A name that is taken, or being registered, is written over.
  case directoryOverwrites
  /// A registration is acknowledged before it is on the disk.
  case directoryAnswersEarly
  /// Every announced presence lasts for ever.
  case presenceNeverEnds

  /// What the KDC waits for is not on its disk.
  case directoryForgetsToSync
  /// What is acknowledged is on one server of the store.
  case storeCommitsAlone
  /// What a KDC has looked up counts for ten minutes, whatever it is told.
  case replicaKeepsCopies

  /// A KDC that knows its epoch key and has forgotten what it has served, at every request.
  case centerForgetsSealedRequests
  /// The same with the requests under ticket-granting tickets.
  case centerForgetsGrantingRequests
  /// Requests of hours ago are as good as those of now.
  case centerTakesOldRequests
  /// The clock stops at the end of the login that a request is made under.
  case centerForgivesLoginEnd
  /// A login of before a change of secret is as good as one of after it.
  case centerTakesOldTickets
  /// And so is a presence.
  case centerKeepsOldPresence
  /// And so are keys for deposits.
  case centerKeepsOldDeposits
  /// A change of secret that was held back takes force whenever it comes.
  case centerTakesHeldChanges
  /// The clock stops at the end of the epoch that a request is sealed to.
  case centerForgivesEpochEnd

  /// A replay cache that is new for every connection.
  case receiverForgetsInitiations
  /// The clock stops when the ticket is issued.
  case receiverForgivesExpiry
  /// A file is whole whatever its chunks say.
  case receiverKeepsPieces
  /// What was taken from a mailbox is not remembered.
  case receiverForgetsDeposits
  /// A deposit is whole whatever its chunks say.
  case receiverKeepsDepositPieces

  /// A change of secret that the KDC says it cannot make now is not made.
  case changerBelievesUnavailable
  /// Time is what the machine's own clock says.
  case receiverTrustsOwnClock
  /// What a person's programs wait for is not on the disk.
  case deviceForgetsToSync
  /// The same of what was taken from the mailbox alone.
  case deviceForgetsTaken

  /// What the mailbox waits for is not on its disk.
  case mailboxForgetsToSync
  /// A mailbox that says nothing has stored it.
  case senderTakesSilenceForStored

  /// What the KDC says of a peer counts for more than the pin.
  case senderIgnoresPins
  /// One ephemeral key for all sessions.
  case senderReusesEphemeral
  /// Chunks go out as they are.
  case senderSealsNothing
  /// A receiver that says nothing has the file.
  case senderTakesSilenceForSuccess
}

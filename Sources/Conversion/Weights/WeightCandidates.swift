import Containers
import Kernels
import Packing
import Synchronization
import TensorModel

/// A tensor that is changed.
struct WeightCandidate: Sendable {
  /// Number in the catalog.
  let tensor: Int
  let info: TensorInfo
  let type: WeightType
  let matrix: WeightMatrix
}

/// The tensors of a model that are changed, and why the others are not.
struct WeightCandidates: Sendable {
  let reader: any ContainerReader
  let members: [WeightCandidate]
  /// Per tensor of the model; nil where it is changed.
  private let exemptions: [WeightScope.Exemption?]

  /// - Parameter misfit: why the shape of a tensor doesn't fit what is done; nil where it does.
  /// - Throws: `usage` where no tensor is changed.
  init(
    _ reader: any ContainerReader, _ scope: WeightScope,
    misfit: (WeightCandidate) -> WeightScope.Exemption? = { _ in nil }
  ) throws(ModelError) {
    var names = NameIndex()
    for tensor in reader.catalog.tensors { _ = names.insert(tensor.info.name) }
    var members: [WeightCandidate] = []
    var exemptions: [WeightScope.Exemption?] = []
    for (number, entry) in reader.catalog.tensors.enumerated() {
      var exemption = scope.exemption(of: entry.info) { names[$0] != nil }
      if exemption == nil, let type = WeightType(entry.info.dtype) {
        let candidate = WeightCandidate(
          tensor: number, info: entry.info, type: type, matrix: WeightMatrix(entry.info))
        exemption = misfit(candidate)
        if exemption == nil { members.append(candidate) }
      }
      exemptions.append(exemption)
    }
    guard !members.isEmpty else { throw Self.nothingToChange(exemptions, scope.change).inside(reader.path) }
    self.reader = reader
    self.members = members
    self.exemptions = exemptions
  }

  private static func nothingToChange(_ exemptions: [WeightScope.Exemption?], _ change: WeightChange) -> ModelError {
    let reasons = WeightScope.Exemption.allCases.compactMap { exemption in
      let count = exemptions.count { $0 == exemption }
      return count == 0 ? nil : "\(count) \(exemption.description(change))"
    }
    return ModelError(
      .usage, "no tensor is \(change.participle)" + (reasons.isEmpty ? "" : ": " + reasons.joined(separator: ", ")),
      hint: "--only names those that are")
  }

  /// Decides on every candidate, each by one worker, and says what becomes of every tensor of the model.
  /// - Parameters:
  ///   - begin: is told how many bytes there are; what it gives is told of those that are decided, from any thread.
  ///   - decide: is given the candidate's number among `members`.
  func decide<Counts>(
    threads: Int, _ begin: (Int) -> @Sendable (Int) -> Void,
    _ decide:
      @Sendable (Int, TensorWalk, WeightWorkspace) throws(ModelError) -> (
        rule: any WeightRule, counts: Counts
      )
  ) throws(ModelError) -> (rules: [(any WeightRule)?], outcomes: [WeightOutcome<Counts>]) {
    let progress = begin(members.reduce(0) { $0 + $1.info.byteCount })
    let results = Mutex<[(rule: any WeightRule, counts: Counts)?]>(members.map { _ in nil })
    try Pump.run(items: members.count, threads: threads) { () throws(ModelError) in
      (session: reader.makeSession(), workspace: WeightWorkspace())
    } work: { (worker, number) throws(ModelError) in
      let member = members[number]
      let walk = TensorWalk(session: worker.session, tensor: member.tensor, info: member.info, type: member.type)
      try within("tensor '\(member.info.name)'") { () throws(ModelError) in
        let result = try decide(number, walk, worker.workspace)
        results.withLock { $0[number] = result }
      }
      progress(member.info.byteCount)
    }
    var rules: [(any WeightRule)?] = exemptions.map { _ in nil }
    var outcomes = exemptions.map { WeightOutcome<Counts>.left($0 ?? .empty) }
    for (member, result) in zip(members, results.withLock({ $0 })) {
      guard let result else { continue }
      rules[member.tensor] = result.rule
      outcomes[member.tensor] = .changed(result.counts)
    }
    return (rules, outcomes)
  }
}

public import Containers
import Kernels
public import Packing
import Schemas
import Synchronization
public import TensorModel

/// Looks at every tensor of a model in one pass, in parallel and in constant memory.
public enum ModelInspection {
  /// Inspects the tensors of `reader` that `options.names` accepts, and the logical tensors that they make up.
  ///
  /// Every number is the same for any number of threads. Bytes that were read are released behind the workers.
  /// - Parameters:
  ///   - estimator: tells what packing would save, and on which grids tensors lie; without it nothing is projected, and
  ///     grids are named of packed models alone, which know their sizes themselves.
  ///   - progress: told the bytes of each finished batch of chunks, in order, from any thread but one at a time.
  /// - Throws: what reading throws, with the tensor's name.
  public static func run(
    _ reader: any ContainerReader, _ options: InspectionOptions = InspectionOptions(),
    estimator: (any PackedSizeEstimating)? = nil, progress: (@Sendable (_ bytes: Int) -> Void)? = nil
  ) throws(ModelError) -> ModelReport {
    var report = try arrays(reader, options, estimator, progress)
    if !options.headerOnly { report.logical = try logical(reader, options, estimator) }
    return report
  }

  /// Logical tensors are inspected as if they were what the model holds.
  private static func logical(
    _ reader: any ContainerReader, _ options: InspectionOptions, _ estimator: (any PackedSizeEstimating)?
  ) throws(ModelError) -> [LogicalReport] {
    let tensors = reader.catalog.tensors
    let found = try LogicalTensors(in: reader, threads: options.threads) { tensor in
      options.names.accepts(tensor.info.name)
        || tensor.parts.allSatisfy { options.names.accepts(tensors[$0.tensor].info.name) }
    }.found
    guard !found.isEmpty else { return [] }
    var options = options
    (options.names, options.order) = (NameFilter(), .file)
    let report = try arrays(LogicalModel(reader, found, alone: true), options, estimator, nil)
    return zip(found, report.tensors).map { logical, tensor in
      LogicalReport(
        schema: logical.schema, parts: logical.parts.map { tensors[$0.tensor].info.name }, tensor: tensor)
    }
  }

  private static func arrays(
    _ reader: any ContainerReader, _ options: InspectionOptions, _ estimator: (any PackedSizeEstimating)?,
    _ progress: (@Sendable (_ bytes: Int) -> Void)?
  ) throws(ModelError) -> ModelReport {
    let catalog = reader.catalog
    let keras = KerasNames(catalog)
    var chosen = catalog.tensors.indices.filter { options.names.accepts(catalog.tensors[$0].info.name) }
    if let keras { chosen = keras.inModelOrder(chosen) }
    var reports = chosen.map { TensorReport(reader, $0, keras?.variables[$0]) }
    let packedCatalog = reader as? any PackedCatalog
    if !options.headerOnly {
      let plan = try InspectionPlan(reader, chosen)
      let estimator = packedCatalog == nil ? estimator : nil
      let surveys = try surveys(reader, plan, options, packedCatalog == nil ? estimator : PackedSizeEstimate())
      for index in reports.indices { reports[index].grid = surveys[index].grid }
      let ledger = Ledger(
        reports, plan, wantsHistogram: options.wantsHistogram, projectsPackedSize: estimator != nil)
      try readAll(reader, plan, surveys, ledger, options, estimator, progress)
      reports = ledger.finish()
      if options.isExact { try countDistinct(reader, plan, &reports) }
    }
    if let packedCatalog { try complete(&reports, chosen, packedCatalog, options) }
    return ModelReport(reader, options, reports, isPacked: packedCatalog != nil)
  }

  /// Looks at every tensor as packing would, if there is an estimator. Of a packed model, at those alone that hold a grid or a palette, and at one
  /// chunk of them.
  private static func surveys(
    _ reader: any ContainerReader, _ plan: InspectionPlan, _ options: InspectionOptions,
    _ estimating: (any PackedSizeEstimating)?
  ) throws(ModelError) -> [TensorSurvey] {
    let none = [TensorSurvey](repeating: TensorSurvey(), count: plan.parts.count)
    guard let estimating else { return none }
    let surveys = Mutex(none)
    try Pump.run(items: plan.parts.count, threads: options.threads) { () throws(ModelError) in
      TensorSurveyor(reader, try estimating.makeEstimator())
    } work: { (surveyor, number) throws(ModelError) in
      let part = plan.parts[number]
      guard part.info.byteCount > 0, !part.isRepeated else { return }
      let survey = try within("tensor '\(part.info.name)'") { () throws(ModelError) in
        try surveyor.survey(part)
      }
      surveys.withLock { $0[number] = survey }
    }
    return surveys.withLock { $0 }
  }

  private static func readAll(
    _ reader: any ContainerReader, _ plan: InspectionPlan, _ surveys: [TensorSurvey], _ ledger: Ledger,
    _ options: InspectionOptions, _ estimator: (any PackedSizeEstimating)?, _ progress: (@Sendable (Int) -> Void)?
  ) throws(ModelError) {
    try Pump.run(items: plan.batchCount, threads: options.threads) { () throws(ModelError) in
      ChunkInspector(reader.makeSession(), try estimator?.makeEstimator())
    } work: { (inspector, batch) throws(ModelError) in
      inspector.begin()
      for number in plan.items(ofBatch: batch) {
        let item = plan.item(number)
        let part = plan.parts[item.part]
        try within("tensor '\(part.info.name)'") { () throws(ModelError) in
          try inspector.inspect(
            ChunkInspector.Task(
              tensor: part.tensor, info: part.info, range: item.range,
              wantsColumns: ledger.wantsColumns(part: item.part),
              packed: options.isExact ? item.range : plan.sample(item),
              survey: surveys[item.part],
              sample: options.countsAll ? .all : ValueSample(elementCount: part.info.elementCount),
              wordLimit: ledger.wordLimit(part: item.part),
              repeatedGrid: part.isRepeated ? part.grid : nil))
        }
      }
    } commit: { (inspector, batch) throws(ModelError) in
      // Outside of the call, which is skipped with all its arguments where nobody asks for progress.
      let bytes = ledger.commit(inspector.findings, plan.items(ofBatch: batch))
      progress?(bytes)
    }
  }

  /// Counts what the sketches only estimate.
  private static func countDistinct(
    _ reader: any ContainerReader, _ plan: InspectionPlan, _ reports: inout [TensorReport]
  ) throws(ModelError) {
    let session = reader.makeSession()
    for (index, part) in plan.parts.enumerated() {
      guard let profile = reports[index].profile, profile.distinctError > 0 else { continue }
      reports[index].profile?.distinct = try within("tensor '\(part.info.name)'") { () throws(ModelError) in
        try DistinctCount.count(session, part, estimate: profile.distinct)
      }
      reports[index].profile?.distinctError = 0
    }
  }

  private static func complete(
    _ reports: inout [TensorReport], _ chosen: [Int], _ catalog: any PackedCatalog, _ options: InspectionOptions
  ) throws(ModelError) {
    for (index, tensor) in chosen.enumerated() {
      let encodings = try within("tensor '\(reports[index].info.name)'") { () throws(ModelError) in
        try options.headerOnly ? [:] : catalog.encodings(of: tensor)
      }
      reports[index].packed = PackedSize(
        byteCount: catalog.packedByteCount(of: tensor), encodings: encodings, isSampled: false)
    }
  }
}

/// Gathers the chunks' results in order. At most one tensor is half done.
private final class Ledger: Sendable {
  private struct State {
    var reports: [TensorReport]
    var part = 0
    var summary: TensorSummary?
  }

  private let plan: InspectionPlan
  private let wantsHistogram: Bool
  private let projectsPackedSize: Bool
  private let state: Mutex<State>
  /// The part all of whose columns are known to hold something, which need not be scanned for any more.
  private let partWithoutZeroColumns = Atomic<Int>(-1)
  /// The part under way in the upper half, and the upper half of the limit of its words: in one number, since one part's
  /// limit must not be taken for another's.
  private let partAndWordLimit = Atomic<UInt64>(.max)

  init(_ reports: [TensorReport], _ plan: InspectionPlan, wantsHistogram: Bool, projectsPackedSize: Bool) {
    self.plan = plan
    self.wantsHistogram = wantsHistogram
    self.projectsPackedSize = projectsPackedSize
    state = Mutex(State(reports: reports))
  }

  func wantsColumns(part: Int) -> Bool { partWithoutZeroColumns.load(ordering: .relaxed) != part }

  /// The hash beyond which no word of the part counts any more, rounded up.
  func wordLimit(part: Int) -> UInt64? {
    let published = partAndWordLimit.load(ordering: .relaxed)
    guard published >> 32 == UInt64(part), published & 0xFFFF_FFFF < 0xFFFF_FFFF else { return nil }
    return (published & 0xFFFF_FFFF + 1) << 32
  }

  /// Adds the findings of a batch of items.
  /// - Returns: the bytes that they stand for.
  func commit(_ findings: [ChunkFindings], _ items: Range<Int>) -> Int {
    state.withLock { state in
      var bytes = 0
      for (found, number) in zip(findings, items) {
        let item = plan.item(number)
        finishParts(before: item.part, &state)
        var summary = state.summary.take() ?? TensorSummary(plan.parts[item.part].info)
        summary.append(found)
        if !summary.wantsColumns { partWithoutZeroColumns.store(item.part, ordering: .relaxed) }
        if let limit = summary.wordLimit {
          partAndWordLimit.store(UInt64(item.part) << 32 | limit >> 32, ordering: .relaxed)
        }
        state.summary = summary
        bytes += item.range.count
      }
      return bytes
    }
  }

  /// The reports, after the last commit.
  func finish() -> [TensorReport] {
    state.withLock { state in
      finishParts(before: plan.parts.count, &state)
      return state.reports
    }
  }

  private func finishParts(before end: Int, _ state: inout State) {
    while state.part < end {
      let summary = state.summary.take() ?? TensorSummary(plan.parts[state.part].info)
      summary.complete(
        &state.reports[state.part], wantsHistogram: wantsHistogram, projectsPackedSize: projectsPackedSize)
      state.part += 1
    }
  }
}

extension TensorReport {
  /// - Parameter variable: what Keras calls it, where it does.
  fileprivate init(_ reader: any ContainerReader, _ tensor: Int, _ variable: KerasNames.Variable?) {
    let catalog = reader.catalog
    let entry = catalog.tensors[tensor]
    self.init(
      info: entry.info, layer: variable?.layer ?? layerName(of: entry.info.name), layerClass: variable?.className,
      variable: variable?.name,
      file: catalog.files.count > 1 ? catalog.files[entry.file].path : nil, offset: entry.offset,
      storage: reader.storage(of: tensor))
  }
}

extension ModelReport {
  /// - Parameter tensors: in file order, or the model's where that is known.
  fileprivate init(
    _ reader: any ContainerReader, _ options: InspectionOptions, _ tensors: [TensorReport], isPacked: Bool
  ) {
    var totals = GroupReport(name: "total")
    for tensor in tensors { totals.add(tensor) }
    let packed = reader as? any PackedCatalog
    self.init(
      path: reader.path, format: reader.formatName, byteCount: reader.byteCount,
      fileCount: reader.catalog.files.count, metadata: reader.catalog.metadata, isHeaderOnly: options.headerOnly,
      isPacked: isPacked, canonicalZeros: packed?.canonicalZeros ?? 0, baseName: packed?.baseName,
      tensors: options.order.arrange(tensors),
      grouping: options.grouping, layers: options.grouping == .layer ? options.order.arrange(Self.layers(tensors)) : [],
      totals: totals, omissions: reader.catalog.omissions)
  }

  private static func layers(_ tensors: [TensorReport]) -> [GroupReport] {
    var layers: [GroupReport] = []
    var names = NameIndex()
    for tensor in tensors {
      let index = names.insert(tensor.layer) ?? layers.count
      if index == layers.count { layers.append(GroupReport(name: tensor.layer, className: tensor.layerClass)) }
      layers[index].add(tensor)
    }
    return layers
  }
}

//! Every rule of the draft that is checked: its code, which stays, its section, and what it says.

/// How much a rule weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// MUST, MUST NOT, REQUIRED.
    Must,
    /// SHOULD, SHOULD NOT: a player copes, but there is seldom a reason.
    Advice,
}

macro_rules! rules {
    ($($kind:ident $name:ident $code:literal $section:literal $sentence:literal)*) => {
        /// A rule of the draft.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Rule {
            $(#[doc = concat!($sentence, " (", $section, ").")] $name,)*
        }

        impl Rule {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Its name in reports and file names; does not change.
            pub fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// The section of the draft that decides.
            pub fn section(self) -> &'static str {
                match self { $(Self::$name => $section,)* }
            }

            /// Whether it binds.
            pub fn kind(self) -> Kind {
                match self { $(Self::$name => Kind::$kind,)* }
            }

            /// What it says.
            pub fn sentence(self) -> &'static str {
                match self { $(Self::$name => $sentence,)* }
            }
        }
    };
}

rules! {
    // Any playlist.
    Must NoHeader "no-header" "4.4.1.1" "EXTM3U is the first line"
    Must ByteOrderMark "byte-order-mark" "4.1" "there is no byte order mark"
    Must ControlCharacter "control-character" "4.1" "there are no control characters"
    Must LineEnd "line-end" "4.1" "a line ends with LF or CR LF"
    Must Whitespace "whitespace" "4.1" "there is no whitespace where none is specified"
    Must TagValue "tag-value" "4.4" "a tag has a value of the kind that its definition gives it, or none"
    Must AttributeSyntax "attribute-syntax" "4.2" "an attribute list is NAME=value pairs between commas, and nothing else"
    Must AttributeRepeated "attribute-repeated" "4.2" "an attribute stands once in its list"
    Must AttributeType "attribute-type" "4.2" "an attribute's value is of the type that its definition gives it"
    Must AttributeValue "attribute-value" "4.4" "an attribute's value is one that its definition allows"
    Must AttributeMissing "attribute-missing" "4.4" "a required attribute is there"
    Advice UnknownTag "unknown-tag" "6.3.1" "a tag that the draft does not know is ignored"
    Advice UnknownAttribute "unknown-attribute" "6.3.1" "an attribute that the draft does not know is ignored"
    Must VersionRepeated "version-repeated" "4.4.1.2" "EXT-X-VERSION stands once"
    Must VersionTooLow "version-too-low" "8" "the version covers every tag and attribute used"
    Advice VersionTooHigh "version-too-high" "6.2.1" "the version is not greater than what is used requires"
    Must TagRepeated "tag-repeated" "4.4.3" "a tag that holds for the whole playlist stands once"
    Must DefineForm "define-form" "4.4.2.3" "EXT-X-DEFINE has one of NAME (with VALUE), IMPORT and QUERYPARAM"
    Must DefineRepeated "define-repeated" "4.4.2.3" "a variable is defined once"

    // A media playlist.
    Must MultivariantTag "multivariant-tag" "4.4.6" "a media playlist has no tag of multivariant playlists"
    Must NoTargetDuration "no-target-duration" "4.4.3.1" "EXT-X-TARGETDURATION is there"
    Must TargetDurationZero "target-duration-zero" "4.4.3.1" "the target duration is at least 1"
    Must MediaSequenceLate "media-sequence-late" "4.4.3.2" "EXT-X-MEDIA-SEQUENCE comes before the first segment"
    Must DiscontinuitySequenceLate "discontinuity-sequence-late" "4.4.3.3" "it comes before the first segment and discontinuity"
    Must SegmentWithoutExtinf "segment-without-extinf" "4.4.4.1" "each segment has an EXTINF"
    Must SegmentWithoutUri "segment-without-uri" "4.4.4" "a segment's tags are followed by its URI"
    Must SegmentTooLong "segment-too-long" "4.4.3.1" "EXTINF, rounded, is not longer than the target duration"
    Must ByteRangeStart "byte-range-start" "4.4.4.2" "a byte range without a start follows one of the same resource"
    Must KeyAttributes "key-attributes" "4.4.4.4" "METHOD=NONE stands alone, and IV only where the method has one"
    Must DateAmbiguous "date-ambiguous" "6.2.1" "a date maps to one segment, but for overlaps below a second"
    Advice DatePrecision "date-precision" "4.4.4.6" "a date has a time zone and milliseconds"
    Advice DiscontinuityWithoutDate "discontinuity-without-date" "6.2.1" "where there are dates, each discontinuity has one"
    Must DateRangeUndated "daterange-undated" "4.4.5.1" "date ranges need an EXT-X-PROGRAM-DATE-TIME"
    Must DateRangeEnd "daterange-end" "4.4.5.1" "END-DATE is START-DATE plus DURATION, and not before START-DATE"
    Must DateRangeEndOnNext "daterange-end-on-next" "4.4.5.1" "END-ON-NEXT has a CLASS, and neither DURATION nor END-DATE"
    Must DateRangeConflict "daterange-conflict" "4.4.5.1" "tags of one ID agree on the attributes that both have"

    // Low latency, in one media playlist.
    Must PartInfMissing "part-inf-missing" "4.4.3.7" "parts need an EXT-X-PART-INF"
    Must SkipBoundaryShort "skip-boundary-short" "4.4.3.8" "CAN-SKIP-UNTIL is at least six target durations"
    Must SkipDateRangesAlone "skip-dateranges-alone" "4.4.3.8" "CAN-SKIP-DATERANGES needs CAN-SKIP-UNTIL"
    Must HoldBackShort "hold-back-short" "4.4.3.8" "HOLD-BACK is at least three target durations"
    Must PartHoldBackMissing "part-hold-back-missing" "4.4.3.8" "EXT-X-PART-INF needs a PART-HOLD-BACK"
    Must PartHoldBackShort "part-hold-back-short" "4.4.3.8" "PART-HOLD-BACK is at least two part targets"
    Advice PartHoldBackTight "part-hold-back-tight" "4.4.3.8" "PART-HOLD-BACK is at least three part targets"
    Must PartTooLong "part-too-long" "4.4.4.9" "a part is not longer than the part target"
    Must PartTooShort "part-too-short" "4.4.4.9" "a part is at least 85 % of the part target, with four exceptions"
    Must PartLateTag "part-late-tag" "4.4.4.9" "what applies to a segment's first part stands before it"
    Must PartsDuration "parts-duration" "3.2" "a segment is as long as its parts"
    Advice IFrameParts "i-frame-parts" "4.4.4.9" "a playlist of I-frames has no parts"
    Must HintAfterEnd "hint-after-end" "4.4.5.3" "there is no EXT-X-PRELOAD-HINT with EXT-X-ENDLIST"
    Must HintListed "hint-listed" "4.4.5.3" "what is hinted is not listed yet"
    Advice HintRepeated "hint-repeated" "6.2.6" "there is one EXT-X-PRELOAD-HINT of a TYPE"
    Must ReportUriAbsolute "report-uri-absolute" "4.4.5.4" "a rendition report's URI is relative"
    Must ReportRepeated "report-repeated" "B.1" "there is one rendition report for a rendition"
    Advice ReportAbridged "report-abridged" "4.4.5.4" "a rendition report says LAST-MSN, and LAST-PART where there are parts"
    Must SkipRepeated "skip-repeated" "4.4.5" "EXT-X-SKIP stands once"
    Must SkipMisplaced "skip-misplaced" "4.4.5.2" "EXT-X-SKIP stands in the place of the first segments"
    Must SkipNotOffered "skip-not-offered" "6.2.5.1" "a delta update needs CAN-SKIP-UNTIL"
    Must SkipAfterEnd "skip-after-end" "6.2.5.1" "a playlist with EXT-X-ENDLIST is told in full"
    Must SkipInsideBoundary "skip-inside-boundary" "6.2.5.1" "only segments beyond the skip boundary are skipped"

    // A multivariant playlist.
    Must MediaTag "media-tag" "4.4.3" "a multivariant playlist has no tag of media playlists"
    Must VariantWithoutUri "variant-without-uri" "4.4.6.2" "EXT-X-STREAM-INF is followed by a URI"
    Must UriWithoutVariant "uri-without-variant" "4.4.6.2" "a URI follows an EXT-X-STREAM-INF"
    Advice CodecsMissing "codecs-missing" "4.4.6.2" "a variant has CODECS"
    Must FrameRateDecimals "frame-rate-decimals" "4.4.6.2" "FRAME-RATE is rounded to three decimals"
    Must GroupUnknown "group-unknown" "4.4.6.2" "a variant's group is the GROUP-ID of an EXT-X-MEDIA of that TYPE"
    Must CaptionsDiffer "captions-differ" "4.4.6.2" "CLOSED-CAPTIONS=NONE stands at every variant or at none"
    Must GroupNameRepeated "group-name-repeated" "4.4.6.1.1" "a group's members have different names"
    Must GroupDefaults "group-defaults" "4.4.6.1.1" "a group has one default at most"
    Must GroupsDiffer "groups-differ" "4.4.6.1.1" "groups of one TYPE have the same members with the same attributes"
    Must DefaultNotAutoselect "default-not-autoselect" "4.4.6.1" "AUTOSELECT is not NO where DEFAULT is YES"
    Must AttributeMisplaced "attribute-misplaced" "4.4.6.1" "an attribute stands only at the TYPE that it is for"
    Advice ChannelsMissing "channels-missing" "4.4.6.1" "sound has CHANNELS"
    Must SessionDataForm "session-data-form" "4.4.6.4" "EXT-X-SESSION-DATA has one of VALUE and URI"
    Must SessionDataRepeated "session-data-repeated" "4.4.6.4" "DATA-ID and LANGUAGE together stand once"
    Must SessionKeyRepeated "session-key-repeated" "4.4.6.5" "a session key stands once"

    // A presentation: playlists beside each other.
    Must PlaylistMissing "playlist-missing" "4.4.6.2" "a URI names a media playlist"
    Must TargetDurationsDiffer "target-durations-differ" "6.2.4" "all renditions have the same target duration"
    Must ServerControlsDiffer "server-controls-differ" "6.2.4" "all renditions have the same EXT-X-SERVER-CONTROL"
    Must PlaylistTypesDiffer "playlist-types-differ" "6.2.4" "all renditions have the same EXT-X-PLAYLIST-TYPE"
    Must DatesMissing "dates-missing" "6.2.4" "all renditions have dates, or none has"
    Must DiscontinuitiesDiffer "discontinuities-differ" "6.2.4" "the same time has the same discontinuity sequence number everywhere"
    Must IFramesOnlyMissing "i-frames-only-missing" "4.4.6.3" "the playlist has EXT-X-I-FRAMES-ONLY"
    Must ReportMissing "report-missing" "B.1" "a low-latency playlist reports every other rendition"
    Must ReportUnknown "report-unknown" "4.4.5.4" "a rendition report names another rendition"
    Must ReportPartMissing "report-part-missing" "4.4.5.4" "a report on a rendition that has parts has a LAST-PART"

    // One reload after another.
    Must TargetChanged "target-changed" "6.2.1" "the target duration does not change"
    Must PartTargetChanged "part-target-changed" "6.2.1" "the part target does not change"
    Must HeadChanged "head-changed" "6.2.1" "what holds for the whole playlist does not change"
    Must SequenceWentBack "sequence-went-back" "6.2.2" "the media sequence number does not decrease"
    Must SequenceWrong "sequence-wrong" "6.2.2" "the media sequence number rises by one for each segment removed"
    Must WentBack "went-back" "6.2.1" "a playlist does not lose its end"
    Must SegmentChanged "segment-changed" "6.2.1" "a listed segment keeps its URI and tags"
    Must DateChanged "date-changed" "6.2.1" "a listed segment keeps its date"
    Must DiscontinuityNumberChanged "discontinuity-number-changed" "6.2.2" "a segment keeps its discontinuity sequence number"
    Must PlaylistTooShort "playlist-too-short" "6.2.2" "removing segments leaves three target durations"
    Must TypeBroken "type-broken" "6.2.1" "an EVENT playlist loses nothing, a VOD playlist does not change"
    Must ChangedAfterEnd "changed-after-end" "6.2.1" "nothing follows EXT-X-ENDLIST, and it stays"
    Must DeltaUnknown "delta-unknown" "6.2.5.1" "a delta update skips only what was listed before"
    Must PartChanged "part-changed" "6.2.1" "a listed part stays as it is, and a finished segment gets no more of them"
    Must PartRemovedEarly "part-removed-early" "6.2.2" "parts are removed when they are three target durations from the end"
    Must PartOrder "part-order" "6.2.2" "parts are removed in the order in which they stand"
    Advice PartsHalfRemoved "parts-half-removed" "6.2.2" "a segment's parts are removed together"
    Must HintBroken "hint-broken" "4.4.5.3" "a hinted part comes under the hinted URI, or never"
    Must ReportWentBack "report-went-back" "4.4.5.4" "a rendition report does not go back"
}

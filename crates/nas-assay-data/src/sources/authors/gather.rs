//! Which of the given files is which of the release.

use std::io::Read;

use nas_assay_base::digest::sha256_hex;

use crate::DataError;
use crate::files::{Files, file_name};

/// A file of the release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Nb101,
    Nb301,
    Cells,
    ResNet,
    ResNeXtA,
    Accuracies,
    OrdinalLog,
    L1Log,
    Groups,
    Representatives,
}

impl Role {
    /// The last two give no table.
    pub(super) const ALL: [Self; 10] = [
        Self::Nb101,
        Self::Nb301,
        Self::Cells,
        Self::ResNet,
        Self::ResNeXtA,
        Self::Accuracies,
        Self::OrdinalLog,
        Self::L1Log,
        Self::Groups,
        Self::Representatives,
    ];

    /// The path in the release.
    pub(super) const fn path(self) -> &'static str {
        match self {
            Self::Nb101 => "plots/fig_surgery/fig1_nb101_stat_acc.pkl",
            Self::Nb301 => "plots/fig_surgery/fig4_nb301_gt_stat_acc.pkl",
            Self::Cells => "instructions/nb301/nb301_assets/archs.yaml",
            Self::ResNet => "instructions/nds/nds_assets/resnet_gt_5k_3seed.pkl",
            Self::ResNeXtA => "instructions/nds/nds_assets/resnexta_gt_5k.pkl",
            Self::Accuracies => "instructions/nb201/nb201_assets/iso_dict.txt",
            Self::OrdinalLog => "results/nds/oneshot_derive/seed2020/full_ordinal_search/1000.log",
            Self::L1Log => "results/nds/oneshot_derive/seed2020/full_search/1000.log",
            Self::Groups => "instructions/nb201/nb201_assets/deiso_dict.txt",
            Self::Representatives => "instructions/nb201/nb201_assets/non-isom.txt",
        }
    }

    pub(super) fn name(self) -> &'static str {
        file_name(self.path())
    }

    /// How many parts of a path, from its end, are those of the file in the release. `None` if the path is that of another file.
    fn matching(self, path: &str) -> Option<usize> {
        let same = path.rsplit('/').zip(self.path().rsplit('/')).take_while(|(part, due)| part == due).count();
        let needed = if self.is_log() { 2 } else { 1 };
        // The logs of other seeds.
        let other_seed = |part: &str| part.starts_with("seed") && part != "seed2020";
        let is_other = self.is_log() && path.rsplit('/').nth(2).is_some_and(other_seed);
        (same >= needed && !is_other).then_some(same)
    }

    const fn is_log(self) -> bool {
        matches!(self, Self::OrdinalLog | Self::L1Log)
    }
}

/// Size in bytes and SHA-256 of each file, in the order of [`Role::ALL`].
pub(super) type Known = [(usize, &'static str); 10];

/// The files of the release.
pub(super) const RELEASE: Known = [
    (2_809_440, "f5f24aa37a71b15a188a6d5fe568df1735e70742a72d031e1af531ed0dab3d30"),
    (3_074_044, "c2806e094c5aa65347e13c57f1fdd32448f67acacdd4316416d6f7308644c855"),
    (2_794_704, "892355f9941ee4947dcbe7de4520041b84caae222effaf212fc5fcce8f50dc43"),
    (738_447, "11198869a4bee3cf7ff4c4fc3366f01e03bec35d3444ea74f10992955f964ed5"),
    (1_375_022, "84b8c3c0c21ef9485f608ba7fbab5c1ab66da696f9c7624b3d37a0ef3c511509"),
    (1_612_741, "bf8290ccf9c1a1180f4e2970f1cdc95b2af27db83b9516db25dc3ba771bc34c7"),
    (618_454, "41f2bd526c805c42f2cc947e559b8347d26be82a5cac62679db6dc593dbd9f31"),
    (618_436, "79988df63ec7e1f82a7c61adc24b753fc04352292b3e33f1e95af25ab7e0eb46"),
    (325_438, "6fab2814b9df4ad844309757170c55a8da67d5060c973c1232eef03d5437d46f"),
    (592_578, "79662750359f6caa8badaf8067dbf1fd1d361a4e33365fa0fe07241ea3bbf618"),
];

/// A file that has a role.
pub(super) struct File {
    pub(super) path: String,
    pub(super) bytes: Vec<u8>,
    /// Its SHA-256, if it is not the one of the release.
    unknown: Option<String>,
    /// How much of its path is that of the release.
    matching: usize,
    /// Another file that has the role as well.
    rival: Option<String>,
}

impl File {
    /// The content, if it is text.
    pub(super) fn text(&self) -> Result<&str, DataError> {
        std::str::from_utf8(&self.bytes).map_err(|error| {
            DataError::content(&*self.path, format!("byte {} is no text in UTF-8", error.valid_up_to()))
        })
    }
}

/// The files of the release that were given.
pub(super) struct Found {
    files: [Option<File>; 10],
    /// Logs that cannot be told apart.
    logs: Vec<String>,
    known: Known,
}

impl Found {
    pub(super) fn has(&self, role: Role) -> bool {
        self.files[role as usize].is_some()
    }

    pub(super) fn path(&self, role: Role) -> Option<&str> {
        self.files[role as usize].as_ref().map(|file| &*file.path)
    }

    /// The file of a role.
    ///
    /// # Errors
    /// If several could have it, or it could be one of several logs.
    pub(super) fn get(&self, role: Role) -> Result<Option<&File>, DataError> {
        let Some(file) = &self.files[role as usize] else {
            return match &self.logs[..] {
                [log, ..] if role.is_log() => Err(DataError::content(
                    &**log,
                    "two logs have this name in the release, and this is neither of them by its SHA-256; the folder tells which is meant: \
                     full_ordinal_search/1000.log or full_search/1000.log",
                )),
                _ => Ok(None),
            };
        };
        match &file.rival {
            Some(rival) => {
                let problem = format!("{rival} has this name too, and neither is the file of the release");
                Err(DataError::content(&*file.path, problem))
            }
            None => Ok(Some(file)),
        }
    }

    /// That a file is not the one of the release, if so.
    pub(super) fn unknown(&self, role: Role) -> Option<String> {
        let file = self.files[role as usize].as_ref()?;
        let found = file.unknown.as_ref()?;
        Some(format!(
            "{} is not the file of the release: its SHA-256 is {found}, not {}",
            file.path, self.known[role as usize].1
        ))
    }

    /// Gives a file a role, if no better one has it.
    fn add(&mut self, role: Role, new: File) {
        let place = &mut self.files[role as usize];
        let rank = |file: &File| (file.unknown.is_none(), file.matching);
        match place {
            Some(old) if rank(old) > rank(&new) || old.bytes == new.bytes => {}
            Some(old) if rank(old) == rank(&new) => old.rival = Some(new.path),
            _ => *place = Some(new),
        }
    }
}

/// Reads the files that may have a role. Those that are `known` have it whatever their names.
pub(super) fn gather(files: Files<'_>, known: Known) -> Result<Found, DataError> {
    let mut found = Found { files: Default::default(), logs: Vec::new(), known };
    files.each(&mut |path, read| look(path, read, &mut found))?;
    Ok(found)
}

fn look(path: &str, read: &mut dyn Read, found: &mut Found) -> Result<(), DataError> {
    const LARGEST: u64 = 16_000_000;
    let named: Vec<Role> = Role::ALL.into_iter().filter(|role| role.name() == file_name(path)).collect();
    // Of a file with another name, as much as tells whether it has the size of one of the release.
    let sizes = found.known.map(|(size, _)| size);
    let most = if named.is_empty() { sizes.into_iter().fold(0, usize::max) as u64 } else { LARGEST };
    let mut bytes = Vec::new();
    read.take(most + 1).read_to_end(&mut bytes).map_err(|error| DataError::part(path, &error))?;
    if named.is_empty() && !sizes.contains(&bytes.len()) {
        return Ok(());
    }
    let digest = sha256_hex(&bytes);
    let file = |bytes, unknown, matching| File { path: path.to_owned(), bytes, unknown, matching, rival: None };
    if let Some(role) = Role::ALL.into_iter().find(|role| found.known[*role as usize].1 == digest) {
        found.add(role, file(bytes, None, 0));
        return Ok(());
    }
    if bytes.len() as u64 > LARGEST {
        let problem = format!("it has more than 16 MB; {} of the release is smaller", file_name(path));
        return Err(DataError::content(path, problem));
    }
    // Other spaces have lists of architectures of the same name.
    if named == [Role::Cells] && !contains(&bytes, b"normal_0") {
        return Ok(());
    }
    if let Some((role, matching)) = named.iter().find_map(|role| Some((*role, role.matching(path)?))) {
        found.add(role, file(bytes, Some(digest), matching));
    } else if named.iter().any(|role| role.is_log()) && contains(&bytes, b"reward:") && !path.contains("/seed") {
        found.logs.push(path.to_owned());
    }
    Ok(())
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

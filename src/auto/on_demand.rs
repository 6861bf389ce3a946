//! [`OnDemand`]: the device of a resampler, opened when it is asked for or when it begins to pay.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::choice::{BEST_GPU, Choice, CpuSpeed, Machine, Work};
use super::report::CpuReason;
use crate::cpu::CpuResampler;
use crate::error::{Error, Result};
use crate::gpu::{BankCache, Context, GpuKernel, GpuSpeed};
use crate::plan::Plan;

/// Time to open and test a device: 0.36 s on an H100 (Vulkan, driver 580), most of it in the driver, and 0.06 s on
/// llvmpipe.
const OPENING: Duration = Duration::from_millis(300);

/// Device to open.
#[derive(Debug, Clone, Default)]
pub(super) struct Request {
    pub(super) adapter: Option<String>,
    pub(super) device: Option<(wgpu::Device, wgpu::Queue)>,
}

/// Device that clones of a resampler share.
#[derive(Debug, Clone)]
pub(super) struct OnDemand(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    request: Request,
    opened: OnceLock<std::result::Result<Opened, CpuReason>>,
    /// Nanoseconds that the best possible GPU would have saved so far. The device is opened when that makes up for
    /// opening it: so at most twice the time of the best decision in hindsight is spent.
    missed: AtomicU64,
    /// True while a batch opens the device.
    is_opening: AtomicBool,
    /// Decisions on the plans of clips for which the device could be opened.
    recipes: BankCache,
}

/// The opening of a device for a batch. It ends when this is dropped, also with a future that is given up.
#[derive(Debug)]
pub(super) struct Opening<'a>(&'a AtomicBool);

impl Drop for Opening<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

#[derive(Debug)]
struct Opened {
    context: Context,
    /// `None` for [`Backend::Gpu`](crate::Backend::Gpu), where the GPU gets every clip that it can compute.
    speed: Option<GpuSpeed>,
}

impl Request {
    async fn open(self, allow_software: bool) -> Result<Context> {
        match self.device {
            Some((device, queue)) => Context::with_device(device, queue).await,
            None => Context::open(allow_software, self.adapter.as_deref()).await,
        }
    }

    /// Opens the device, unless it computes in software, and measures it with the copies of these threads.
    async fn measured(&self, cpu: CpuResampler) -> std::result::Result<Opened, CpuReason> {
        let open = async {
            let context = self.clone().open(false).await?;
            let speed = GpuSpeed::measured(&context.gpu, cpu.threads()).await?;
            Ok(Opened { context, speed })
        };
        open.await.map_err(CpuReason::NoGpu)
    }
}

impl OnDemand {
    fn new(request: Request, opened: OnceLock<std::result::Result<Opened, CpuReason>>) -> Self {
        Self(Arc::new(Inner {
            request,
            opened,
            missed: AtomicU64::new(0),
            is_opening: AtomicBool::new(false),
            recipes: BankCache::default(),
        }))
    }

    /// No device, for this reason.
    pub(super) fn none(reason: CpuReason) -> Self {
        Self::new(Request::default(), OnceLock::from(Err(reason)))
    }

    /// Opens the device now. It computes whatever it can.
    ///
    /// # Errors
    /// Those of [`Context::open`] and [`Context::with_device`].
    pub(super) async fn now(request: Request, allow_software: bool) -> Result<Self> {
        let context = request.open(allow_software).await?;
        Ok(Self::new(Request::default(), OnceLock::from(Ok(Opened { context, speed: None }))))
    }

    /// Opens the device later, unless it computes in software, and measures it then.
    pub(super) fn later(request: Request) -> Self {
        Self::new(request, OnceLock::new())
    }

    /// Opens the device, if it is not open yet. Of the calls that open it at the same time, the first to finish counts:
    /// none waits for another. Its measurement copies on the threads of a pool, and a thread of the pool that waits for
    /// copies may begin another job, which asks for the device too.
    async fn open(&self, cpu: CpuResampler) -> std::result::Result<&Opened, &CpuReason> {
        if let Some(opened) = self.0.opened.get() {
            return opened.as_ref();
        }
        let opened = self.0.request.measured(cpu).await;
        self.0.opened.get_or_init(|| opened).as_ref()
    }

    /// The device, which is opened if it is not open yet, or the reason why there is none.
    pub(super) async fn context(&self, cpu: CpuResampler) -> std::result::Result<&Context, &CpuReason> {
        self.open(cpu).await.map(|opened| &opened.context)
    }

    /// The device, if it is open.
    pub(super) fn opened(&self) -> Option<&Context> {
        self.0.opened.get().and_then(|opened| opened.as_ref().ok()).map(|opened| &opened.context)
    }

    /// Reason why the device can compute nothing, if that is known.
    pub(super) fn known_reason(&self) -> Option<CpuReason> {
        match self.0.opened.get()? {
            Err(reason) => Some(reason.clone()),
            Ok(opened) if opened.context.is_lost() => {
                Some(CpuReason::GpuFailed(Error::GpuLost { reason: "it was lost in an earlier call".to_owned() }))
            }
            Ok(_) => None,
        }
    }

    /// True unless the CPU computes all clips of a batch for certain, and the device stays closed.
    pub(super) fn could_pay(&self, cpu: CpuResampler, works: &[Option<Work>]) -> bool {
        self.0.opened.get().is_some() || machine(cpu, BEST_GPU).choose(works).saved > Duration::ZERO
    }

    /// True if the shaders can compute a plan. Opens nothing.
    pub(super) fn can_compute(&self, plan: &Plan) -> bool {
        match self.opened() {
            Some(context) => context.gpu.can_compute(plan),
            None => self.0.recipes.recipe(plan, GpuKernel::default()).is_ok(),
        }
    }

    /// Chooses the clips of a batch that go to the GPU, and opens the device if it begins to pay. While one batch opens
    /// it, the CPU computes the others. `None` stands for a clip that the GPU cannot compute.
    ///
    /// # Errors
    /// Returns the reason why the CPU computes all of them.
    pub(super) async fn choose(
        &self,
        cpu: CpuResampler,
        works: &[Option<Work>],
    ) -> std::result::Result<Choice, CpuReason> {
        let is_closed = self.0.opened.get().is_none();
        let opening = (is_closed && self.is_due(cpu, works)).then(|| self.begin_opening()).flatten();
        if is_closed && opening.is_none() {
            let closed = GpuSpeed { latency: BEST_GPU.latency + OPENING.as_secs_f64(), ..BEST_GPU };
            return Err(machine(cpu, closed).choose(works).reason());
        }
        let opened = self.open(cpu).await.map_err(CpuReason::clone)?;
        Ok(match opened.speed {
            None => Choice::all_on_gpu(works.len()),
            Some(speed) => machine(cpu, speed).choose(works),
        })
    }

    /// Adds what the best possible GPU would save for a batch to what was missed so far. True if that makes up for
    /// opening the device.
    fn is_due(&self, cpu: CpuResampler, works: &[Option<Work>]) -> bool {
        let missed = machine(cpu, BEST_GPU).choose(works).saved;
        let before = Duration::from_nanos(self.0.missed.fetch_add(nanoseconds(missed), Ordering::Relaxed));
        before.saturating_add(missed) >= OPENING
    }

    /// Begins to open the device for a batch; `None` while another batch opens it.
    pub(super) fn begin_opening(&self) -> Option<Opening<'_>> {
        (!self.0.is_opening.swap(true, Ordering::Relaxed)).then(|| Opening(&self.0.is_opening))
    }

    /// True if the GPU is faster for work like this in a batch of any size. A device that is not open counts as the
    /// best possible one.
    pub(super) fn suits(&self, cpu: CpuResampler, work: &Work) -> bool {
        self.compare(|speed| machine(cpu, speed.unwrap_or(BEST_GPU)).suits(work))
    }

    /// True if the GPU is faster for this work as a whole. A device that is not open counts as the best possible one,
    /// and has to be opened first.
    pub(super) fn pays(&self, cpu: CpuResampler, work: Work) -> bool {
        self.compare(|speed| {
            let saved = machine(cpu, speed.unwrap_or(BEST_GPU)).choose(&[Some(work)]).saved;
            saved > if speed.is_some() { Duration::ZERO } else { OPENING }
        })
    }

    /// The result of a comparison with the speed of the device, if that is open; false if there is none, and true if it
    /// computes whatever it can.
    fn compare(&self, is_faster: impl Fn(Option<GpuSpeed>) -> bool) -> bool {
        match self.0.opened.get() {
            Some(Err(_)) => false,
            Some(Ok(Opened { speed: None, .. })) => true,
            Some(Ok(Opened { speed, .. })) => is_faster(*speed),
            None => is_faster(None),
        }
    }
}

fn machine(cpu: CpuResampler, gpu: GpuSpeed) -> Machine {
    Machine { cpu: CpuSpeed::of(cpu), threads: cpu.threads(), gpu }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

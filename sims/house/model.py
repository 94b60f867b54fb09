"""From a house specification to a compiled MuJoCo model and the table of things in it.

Geom groups: 0 structure, 1 fixtures, 2 objects, 3 invisible collision proxies, 4 ceilings. Static parts lie in the
world body. Openable fixtures have one joint, objects a free joint, and slices wait below the floor until a knife
needs them, so that nothing is ever compiled during an episode.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import mujoco
import numpy as np
from numpy.typing import NDArray

from engram.sims.house.catalog.registry import build
from engram.sims.house.categories import Category, category
from engram.sims.house.components import Component, walk
from engram.sims.house.geometry import Material, Mesh, Part, Quat, Shape, Vec3, quat_matrix, yaw_quat
from engram.sims.house.spec import HouseSpec, ObjectSpec
from engram.sims.house.structure import boxes

GROUP_STRUCTURE, GROUP_FIXTURE, GROUP_OBJECT, GROUP_PROXY, GROUP_CEILING = range(5)
SLICES = 4  # pieces that a sliced object falls into
PARKED_Z_M = -20.0
TIMESTEP_SECS = 0.004

_KIND = {
    "box": mujoco.mjtGeom.mjGEOM_BOX,
    "sphere": mujoco.mjtGeom.mjGEOM_SPHERE,
    "ellipsoid": mujoco.mjtGeom.mjGEOM_ELLIPSOID,
    "cylinder": mujoco.mjtGeom.mjGEOM_CYLINDER,
    "capsule": mujoco.mjtGeom.mjGEOM_CAPSULE,
    "mesh": mujoco.mjtGeom.mjGEOM_MESH,
}
_MATERIALS: tuple[Material, ...] = ("plain", "wood", "tile", "cloth", "metal", "glass", "glow")
# Collision classes: structure and fixtures never collide with each other, objects collide with everything.
_FIXED, _FREE = (2, 1), (1, 3)


@dataclass(eq=False)
class Thing:
    """Something with an identity: a fixture component or an object, with its changing state."""

    index: int
    id: str
    kind: Category
    shape: Shape
    variant: int
    room: str
    pos: Vec3  # fixtures: pose in the house frame; objects: pose at the start
    quat: Quat
    body: int = 0  # MuJoCo body; 0 (the world) for fixtures
    joint_qpos: int = -1  # address of the opening joint
    free_qpos: int = -1  # address of an object's free joint
    free_qvel: int = -1
    moving_body: int = -1
    geoms: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    slices: tuple[int, ...] = ()  # things that replace it when it is sliced
    parked: bool = False
    openness: float = 0.0
    on: bool = False
    dirty: bool = False
    sliced: bool = False
    cooked: bool = False
    filled: str = ""
    temperature: str = "RoomTemp"

    @property
    def category(self) -> str:
        """Category name."""
        return self.kind.name

    @property
    def movable(self) -> bool:
        """Whether it is an object rather than a fixture."""
        return self.free_qpos >= 0

    def part_of(self, id_: str) -> bool:
        """Whether this is the fixture of an id or one of its components."""
        return self.id == id_ or self.id.startswith(f"{id_}/")


@dataclass(eq=False)
class HouseModel:
    """A compiled house. ``owner`` maps each geom to the index of its thing, -1 for structure."""

    spec: HouseSpec
    model: mujoco.MjModel
    data: mujoco.MjData
    things: list[Thing]
    by_id: dict[str, Thing]
    owner: NDArray[np.int32]
    collision_bits: NDArray[np.int32]  # (ngeom, 2) contype, conaffinity of things that take part in the world


def compile_house(spec: HouseSpec) -> HouseModel:
    """Compile a house; raises ``HouseSpecError`` or ``ValueError`` for variants that do not exist."""
    return _Builder(spec).finish()


class _Builder:
    """Collects the geoms, bodies and things of one house."""

    def __init__(self, spec: HouseSpec) -> None:
        self.house = spec
        self.mj = mujoco.MjSpec()
        self.things: list[Thing] = []
        self.geoms: list[list[str]] = []  # geom names of each thing
        self.meshes: dict[int, str] = {}
        self.kept: list[Mesh] = []  # keeps ids of meshes unique while the builder lives
        self.count = 0
        self._settings()
        for name in _MATERIALS:
            self.mj.add_material(name=name)
        for box in boxes(spec):
            half = (np.array(box.hi) - box.lo) / 2
            group = GROUP_CEILING if box.ceiling else GROUP_STRUCTURE
            part = Part("box", (half[0], half[1], half[2]), rgb=box.rgb, material=box.material)
            self._geom(self.mj.worldbody, part, (np.array(box.hi) + box.lo) / 2, (1, 0, 0, 0), group, _FIXED)
        for fixture in spec.fixtures:
            for component in walk(fixture.id, build(fixture.category, fixture.variant), fixture.pos, fixture.yaw):
                self._fixture(component, fixture.variant, fixture.room)
        for item in spec.objects:
            self._object(item)

    def finish(self) -> HouseModel:
        model = self.mj.compile()
        data = mujoco.MjData(model)
        owner = np.full(model.ngeom, -1, np.int32)
        for thing, names in zip(self.things, self.geoms, strict=True):
            thing.geoms = np.array([model.geom(n).id for n in names], np.int64)
            owner[thing.geoms] = thing.index
            if thing.joint_qpos == 0:
                joint = model.joint(f"{thing.id}:open")
                thing.joint_qpos = int(joint.qposadr[0])
                thing.moving_body = int(joint.bodyid[0])
            if thing.free_qpos == 0:
                joint = model.joint(f"{thing.id}:free")
                thing.body = int(joint.bodyid[0])
                thing.free_qpos, thing.free_qvel = int(joint.qposadr[0]), int(joint.dofadr[0])
        mujoco.mj_forward(model, data)
        bits = np.stack([model.geom_contype, model.geom_conaffinity], 1)
        for thing in self.things:
            if thing.parked:
                bits[thing.geoms[[part.solid and part.mesh is None for part in thing.shape.parts]]] = _FREE
                # The broad phase goes by the body's bits, which the compiler takes from geoms that do not collide yet.
                model.body_contype[thing.body], model.body_conaffinity[thing.body] = _FREE
        by_id = {t.id: t for t in self.things}
        return HouseModel(self.house, model, data, self.things, by_id, owner, bits)

    def _settings(self) -> None:
        option = self.mj.option
        option.timestep = TIMESTEP_SECS
        option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
        option.enableflags |= int(mujoco.mjtEnableBit.mjENBL_SLEEP)
        self.mj.compiler.boundmass = 0.001
        self.mj.compiler.boundinertia = 1e-6

    def _thing(self, id_: str, name: str, shape: Shape, variant: int, room: str, pos: Vec3, quat: Quat) -> Thing:
        thing = Thing(len(self.things), id_, category(name), shape, variant, room, pos, quat)
        self.things.append(thing)
        self.geoms.append([])
        return thing

    def _fixture(self, component: Component, variant: int, room: str) -> None:
        shape, pos, quat = component.shape, component.pos, yaw_quat(component.yaw)
        thing = self._thing(component.id, shape.category, shape, variant, room, pos, quat)
        names = self.geoms[thing.index]
        for part in shape.parts:
            names.append(self._geom(self.mj.worldbody, part, pos, quat, GROUP_FIXTURE, _FIXED))
        if shape.joint is not None:
            body = self.mj.worldbody.add_body(name=component.id, pos=pos, quat=quat)
            body.sleep = mujoco.mjtSleepPolicy.mjSLEEP_INIT
            self._moving(thing, body, GROUP_FIXTURE, _FIXED, mass=2.0)

    def _moving(self, thing: Thing, body: mujoco.MjsBody, group: int, bits: tuple[int, int], mass: float) -> None:
        joint = thing.shape.joint
        if joint is None:
            return
        kinds = {"hinge": mujoco.mjtJoint.mjJNT_HINGE, "slide": mujoco.mjtJoint.mjJNT_SLIDE}
        # Opening is kinematic; friction only keeps a leaf where it was left while other things settle.
        body.add_joint(
            name=f"{thing.id}:open", type=kinds[joint.kind], axis=joint.axis, pos=joint.anchor,
            range=[0.0, joint.travel], limited=True, damping=[5.0, 0.0, 0.0], frictionloss=5.0,
        )  # fmt: skip
        body.gravcomp = 1.0
        thing.joint_qpos = 0
        for part in thing.shape.moving:
            self.geoms[thing.index].append(self._geom(body, part, (0, 0, 0), (1, 0, 0, 0), group, bits))
        _set_inertia(body, thing.shape.bounds(), mass)

    def _object(self, item: ObjectSpec) -> None:
        shape = build(item.category, item.variant)
        thing = self._free(item.id, item.category, shape, item.variant, item.room, item.pos, item.quat)
        thing.dirty = item.dirty
        if not thing.kind.sliceable:
            return
        piece = build(thing.kind.sliced, item.variant)
        slices = []
        for k in range(SLICES):
            place = (2.0 * k, 2.0 * thing.index, PARKED_Z_M)
            name = f"{item.id}_slice_{k + 1}"
            part = self._free(name, thing.kind.sliced, piece, item.variant, item.room, place, (1, 0, 0, 0), parked=True)
            part.parked = True
            slices.append(part.index)
        thing.slices = tuple(slices)

    def _free(
        self, id_: str, name: str, shape: Shape, variant: int, room: str, pos: Vec3, quat: Quat, *, parked: bool = False
    ) -> Thing:
        thing = self._thing(id_, name, shape, variant, room, pos, quat)
        thing.free_qpos = 0
        body = self.mj.worldbody.add_body(name=id_, pos=pos, quat=quat)
        body.add_freejoint(name=f"{id_}:free")
        body.sleep = mujoco.mjtSleepPolicy.mjSLEEP_INIT
        body.gravcomp = 1.0 if parked else 0.0
        bits = (0, 0) if parked else _FREE
        for part in shape.parts:
            self.geoms[thing.index].append(self._geom(body, part, (0, 0, 0), (1, 0, 0, 0), GROUP_OBJECT, bits))
        _set_inertia(body, shape.bounds(), shape.mass_kg)
        if shape.joint is not None:
            lid = body.add_body(name=f"{id_}:lid")
            self._moving(thing, lid, GROUP_OBJECT, bits, mass=0.2 * shape.mass_kg)
        return thing

    def _geom(
        self,
        body: mujoco.MjsBody,
        part: Part,
        pos: Sequence[float] | NDArray[np.float64],
        quat: Quat,
        group: int,
        bits: tuple[int, int],
    ) -> str:
        self.count += 1
        name = f"g{self.count}"
        solid = part.solid and part.mesh is None
        turn = np.zeros(4)
        mujoco.mju_mulQuat(turn, np.array(quat, float), np.array(part.quat, float))
        geom = body.add_geom(
            name=name,
            type=_KIND[part.kind],
            pos=np.asarray(pos) + quat_matrix(quat) @ part.pos,
            quat=turn,
            rgba=[*part.rgb, 1.0],
            material=part.material,
            group=group if part.visible else GROUP_PROXY,
            contype=bits[0] if solid else 0,
            conaffinity=bits[1] if solid else 0,
            condim=6,
            friction=[0.9, 0.01, 0.01],
        )
        if part.mesh is None:
            geom.size = part.size
        else:
            geom.meshname = self._mesh(part.mesh)
        return name

    def _mesh(self, mesh: Mesh) -> str:
        name = self.meshes.get(id(mesh))
        if name is None:
            name = f"m{len(self.meshes)}"
            self.meshes[id(mesh)] = name
            self.kept.append(mesh)
            self.mj.add_mesh(
                name=name,
                uservert=mesh.vertices.ravel(),
                userface=mesh.faces.ravel(),
                inertia=mujoco.mjtMeshInertia.mjMESH_INERTIA_SHELL,
            )
        return name


def _set_inertia(body: mujoco.MjsBody, bounds: tuple[NDArray[np.float64], NDArray[np.float64]], mass: float) -> None:
    """Inertia of a homogeneous box with the object's bounds: stable for thin and hollow things."""
    lo, hi = bounds
    side = np.maximum(hi - lo, 0.02)
    body.explicitinertial = True
    body.mass = mass
    body.ipos = (lo + hi) / 2
    body.inertia = (
        mass / 12 * np.array([side[1] ** 2 + side[2] ** 2, side[0] ** 2 + side[2] ** 2, side[0] ** 2 + side[1] ** 2])
    )
